#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {
namespace {

constexpr std::size_t kept_value = 400;

class Listening final : public run::Witness {
  public:
    Listening(Stage& stage, const Change* change, Play& play)
        : stage_(stage), change_(change), play_(play) {}

    http::Transport& between(http::Transport& wire, Clock& clock) override {
        wire_ = std::make_unique<MutatingTransport>(wire, clock, change_,
                                                    [this] { return stage_.keys(); });
        return *wire_;
    }
    void noted(const run::Noted& noted) override {
        Expectation expectation{.at = at(noted.place),
                                .what = noted.what,
                                .held = noted.held,
                                .text = std::string(noted.text),
                                .told = noted.told,
                                .exchange = noted.exchange,
                                .answered = wire_ ? wire_->answered() : 0};
        if (noted.actual != nullptr && change_ == nullptr) {
            expectation.hash = hash_of(*noted.actual);
            expectation.value =
                noted.actual->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
            expectation.value.resize(std::min(expectation.value.size(), kept_value));
        }
        play_.expectations.push_back(std::move(expectation));
    }
    void took(const run::Place& place, vault::Product) override { play_.took.push_back(at(place)); }
    void set_up(std::size_t exchange) override {
        if (wire_ && exchange < wire_->seen().size()) {
            wire_->seen()[exchange].set_up = true;
        }
    }
    void end() {
        if (wire_) {
            play_.seen = wire_->seen();
            play_.calls = wire_->calls();
            play_.stand_ins = wire_->stood_in();
            play_.applied = wire_->applied();
        }
    }

  private:
    Stage& stage_;
    const Change* change_;
    Play& play_;
    std::unique_ptr<MutatingTransport> wire_;
};

}  // namespace

At at(const run::Place& place) {
    std::string file = place.file_name();
    // From the checkout's top, however the compiler was called.
    if (const auto begin = file.find("conformance/"); begin != std::string::npos) {
        file.erase(0, begin);
    }
    return {std::move(file), place.line(), place.column()};
}

Play play(Stage& stage, const run::Check& check, vault::Product product, const Change* change) {
    Play played;
    Listening witness(stage, change, played);
    played.outcome = stage.play(check, product, witness);
    witness.end();
    return played;
}

}  // namespace meshproof::conformance::mutation
