"""hlog_judge.py FOLDER: judges ours.hlog by values.txt (nanoseconds) and ours.percentiles; writes python.hlog and coarse.hlog."""
import math
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader, HistogramLogWriter

START = 1_800_000_000
HIGHEST = 2**42 - 1  # an hour, rounded up as ours
folder = sys.argv[1]
values = [int(line) for line in open(f"{folder}/values.txt")]


def recorded(some, lowest=1, digits=3):
    histogram = HdrHistogram(lowest, HIGHEST, digits)
    for value in some:
        assert histogram.record_value(value), value
    return histogram


def counts(histogram):
    return [histogram.get_count_at_index(i) for i in range(histogram.counts_len)]


def expect(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: got {got}, expected {expected}")


# Line by line, then all added up.
reader = HistogramLogReader(f"{folder}/ours.hlog", HdrHistogram(1, HIGHEST, 3))
quarter = len(values) // 4
parts = [("service", START, values[:quarter]), ("service", START + 1, values[quarter:]), ("empty", START + 1, [])]
merged = HdrHistogram(1, HIGHEST, 3)
for tag, start, some in parts:
    line = reader.get_next_interval_histogram()
    expect("tag", line.get_tag(), tag)
    expect("start", round(line.get_start_time_stamp()), start * 1000)
    expect("end", round(line.get_end_time_stamp()), (start + 1) * 1000)
    expect("counts_len", line.counts_len, merged.counts_len)
    expect("total", line.get_total_count(), len(some))
    expect("counts", counts(line) == counts(recorded(some)), True)
    merged.add(line)
expect("lines", reader.get_next_interval_histogram(), None)
expect("start of the log", reader.get_start_time_sec(), float(START))

for line in open(f"{folder}/ours.percentiles"):
    percentile, ours = line.split()
    rank = float(percentile) * len(values) / 100
    # Their rank is rounded, ours is the next whole one: the same only where it is whole.
    expect(f"rank of p{percentile}", math.isclose(rank, round(rank)), True)
    # Both tell a bucket's end; we know the slowest exactly.
    expect(f"p{percentile}", int(ours), min(merged.get_value_at_percentile(float(percentile)), max(values)))
    exact = sorted(values)[round(rank) - 1]
    expect(f"p{percentile} of {exact}", exact <= int(ours) <= exact * 1.001, True)


def write(path, *histograms):
    with open(path, "w", encoding="utf-8") as file:
        log = HistogramLogWriter(file)
        log.output_log_format_version()
        log.output_base_time(START * 1000)
        log.output_legend()
        for i, histogram in enumerate(histograms):
            log.output_interval_histogram(histogram, i + 1, i + 2)
        log.close()


write(f"{folder}/python.hlog", recorded(values[:5000]), recorded(values[5000:]))
write(f"{folder}/coarse.hlog", recorded(values, 1000, 2))
