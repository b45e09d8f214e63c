"""What others make of every JUnit and Markdown file under a folder. JUnit: xmlschema validates it by the schema of Jenkins'
xUnit plugin, which refuses a file that breaks it whole, and junitparser counts its cases: as the file itself says, and as
the JSON beside it. Markdown: markdown-it-py finds the verdict first, and no text of others that became a tag, ended its row
or left its cell.

    report_judges.py FOLDER
"""

import json
import pathlib
import re
import sys

import junitparser
import xmlschema
from markdown_it import MarkdownIt

jenkins = xmlschema.XMLSchema(str(pathlib.Path(sys.prefix) / "share/junit-10.xsd"))
markdown = MarkdownIt("commonmark").enable("table")
# A step's summary of more than this GitHub drops whole.
most_bytes = 1024 << 10
# In the title, or as the first word below it.
verdict = r"([Pp]ass|[Ff]ail|[Bb]locked|Ended early|Nothing was run|passes|fails|go|stop|undecided|nothing|may (not )?go out)\b"
counted = ("tests", "failures", "errors", "skipped")


def run_counts(report):
    """As report.json has them; each bound of a load is a case, too."""
    left_out = report.get("ended_early") == "fail-fast"
    kinds = {"fail": "failures", "blocked": "errors", "skip": "skipped", "deviates": "skipped",
             "not-run": "skipped" if left_out else "errors", "missed": "failures", "no_data": "errors"}
    found = dict.fromkeys(counted, 0)
    for result in report["results"]:
        slo = result.get("slo") or {}
        bounds = slo.get("latencies", []) + ([slo["errors"]] if "errors" in slo else [])
        for answer in [result["verdict"]] + [bound["answer"] for bound in bounds]:
            found["tests"] += 1
            if answer in kinds:
                found[kinds[answer]] += 1
    return found


def gate_counts(gate):
    answers = [(rule["answer"], rule["kind"]) for rule in gate["rules"]]
    return {"tests": len(answers), "failures": sum(answer == "broken" for answer, _ in answers),
            "errors": sum(answer == "undecided" for answer, _ in answers),
            "skipped": sum(answer == "note" or (answer == "holds" and kind == "allowance") for answer, kind in answers)}


def preflight_counts(report):
    beside = report.get("health_check", {}).get("results", [])
    unjudged = sum(item["status"] in ("insufficient_permissions", "invalid_version") for item in beside)
    counts = report["counts"]
    skipped = counts["accepted"] + counts["unknown"] + unjudged
    return {"tests": len(report["findings"]) + counts["accepted"] + counts["unknown"] + counts["held"] + len(beside),
            "failures": counts["error"], "errors": 0, "skipped": skipped}


told_beside = {"junit.xml": ("report.json", run_counts), "gate.xml": ("gate.json", gate_counts),
               "preflight.xml": ("preflight.json", preflight_counts)}


def junit_problems(path):
    found = [f"{error.path}: {error.reason}" for error in jenkins.iter_errors(str(path))][:5]
    suites = list(junitparser.JUnitXml.fromfile(str(path)))
    said = [{key: getattr(suite, key) for key in counted} for suite in suites]
    for suite in suites:
        suite.update_statistics()
    counts = [{key: getattr(suite, key) for key in counted} for suite in suites]
    if said != counts:
        found.append(f"says {said}, has {counts}")
    if path.name in told_beside:
        name, count = told_beside[path.name]
        if (beside := path.with_name(name)).exists():
            expected = count(json.loads(beside.read_text(encoding="utf-8")))
            if counts != [expected]:
                found.append(f"has {counts}, {name} {expected}")
    return found


def table_problems(lines, token):
    """The parser takes cells away, or makes them up; as the head of a table a row has to have as many as its rule."""
    begin, end = token.map
    rule = lines[begin + 1]
    return [f"line {at + 1} has another number of cells: {lines[at][:200]}" for at in range(begin + 2, end)
            if (read := markdown.parse(f"{lines[at]}\n{rule}\n"))[0].type != "table_open"]


def markdown_problems(path):
    data = path.read_bytes()
    text = data.decode("utf-8")
    found = [] if len(data) < most_bytes else [f"has {len(data)} bytes"]
    tokens = markdown.parse(text)
    texts = [token.content for token in tokens if token.type == "inline"][:2]
    told = re.search(r"\b" + verdict, texts[0]) or re.match(verdict, texts[1])
    if tokens[0].type != "heading_open" or tokens[0].tag != "h1" or not told:
        found.append(f"the verdict is not first: {texts}")
    lines = text.split("\n")
    for token in tokens:
        if token.type == "table_open":
            found += table_problems(lines, token)
        elif token.type == "html_block":
            found.append(f"HTML in line {token.map[0] + 1}: {token.content[:200]}")
        elif token.type == "inline":
            found += [f"HTML in line {token.map[0] + 1}: {one.content}" for one in token.children if one.type == "html_inline"]
            if any(line.startswith("|") for line in token.content.split("\n")):
                found.append(f"no table in line {token.map[0] + 1}: {token.content[:200]}")
    return found


problems = []
seen = dict.fromkeys((".xml", ".md"), 0)
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.suffix in seen and path.is_file():
        seen[path.suffix] += 1
        judge = junit_problems if path.suffix == ".xml" else markdown_problems
        problems += [f"{path}: {problem}" for problem in judge(path)]
for problem in problems[:20]:
    print(problem)
print(f"{seen['.xml']} JUnit and {seen['.md']} Markdown files judged, {len(problems)} problems")
sys.exit(1 if problems or not seen[".xml"] else 0)
