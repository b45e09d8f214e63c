#pragma once

#include "conformance/twin/dialect.hpp"

namespace meshproof::twin {

/// kube-apiserver: its stories happen in one namespace of the run's own, on each side.
class KubeDialect final : public Dialect {
  public:
    [[nodiscard]] std::string_view server() const override { return "kubernetes"; }
    [[nodiscard]] Task<Description> describe(http::Transport& wire, Side side,
                                             run::RunMark mark) const override;
    [[nodiscard]] Task<std::string> version(http::Transport& wire, Side side) const override;
    [[nodiscard]] Vocabulary words() const override;
    [[nodiscard]] Task<void> settle(http::Transport& wire, Side side,
                                    run::Ledger& ledger) const override;
    [[nodiscard]] Task<Secret> begin(http::Transport& wire, Side side,
                                     run::Ledger& ledger) const override;
    void address(http::Request& request, const Side& side, std::string_view token) const override;
    [[nodiscard]] std::vector<Removal> promised(const Step& step, const std::string& path,
                                                const Json& body) const override;
    [[nodiscard]] std::vector<Removal> told(const Step& step, const std::string& path,
                                            const Json& answer) const override;
    [[nodiscard]] Task<Result<void>> remove(http::Transport& wire, Side side,
                                            Removal removal) const override;
    [[nodiscard]] Task<std::vector<std::string>> sweep(http::Transport& wire, Side side,
                                                       std::string run_id) const override;
};

/// Makes a step another of the same meaning, or of a form that servers refuse: media types of
/// bodies, patches and answers.
void dress_for_kube(Step& step, Prng& prng);

}  // namespace meshproof::twin
