#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include "perf/micro/pki.hpp"

/// The JSON of a sign answer, made and read, beside the bare copying of as many bytes.
namespace meshproof::micro {
namespace {

using Json = nlohmann::json;

struct Answer {
    std::string leaf = micro::leaf().leaf.pem();
    std::string intermediate = pki().intermediate.pem();
    std::string root = pki().root.pem();

    [[nodiscard]] std::string text() const {
        return Json{{"request_id", "0e6f0e4c-3b3c-4f5e-8d0e-0f2a5f0c1f11"},
                    {"lease_id", ""},
                    {"renewable", false},
                    {"lease_duration", 0},
                    {"data",
                     {{"certificate", leaf},
                      {"issuing_ca", intermediate},
                      {"ca_chain", {intermediate, root}},
                      {"serial_number", "07:42:00:ff"},
                      {"expiration", 1'900'086'400}}},
                    {"wrap_info", nullptr},
                    {"warnings", nullptr},
                    {"auth", nullptr}}
            .dump();
    }
};

void answer_make(benchmark::State& state) {
    const Answer answer;
    for (auto _ : state) {
        benchmark::DoNotOptimize(answer.text());
    }
}

void answer_read(benchmark::State& state) {
    const std::string text = Answer().text();
    for (auto _ : state) {
        benchmark::DoNotOptimize(Json::parse(text).at("data").at("certificate").get<std::string>());
    }
}

void answer_copy(benchmark::State& state) {
    const std::string text = Answer().text();
    for (auto _ : state) {
        std::string copy(text);
        benchmark::DoNotOptimize(copy.data());
    }
}

BENCHMARK(answer_make)->Name("answer: make JSON")->Unit(benchmark::kMicrosecond);
BENCHMARK(answer_read)->Name("answer: read JSON")->Unit(benchmark::kMicrosecond);
BENCHMARK(answer_copy)->Name("answer: bare copy")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace meshproof::micro
