#pragma once

#include "conformance/twin/dialect.hpp"

namespace meshproof::twin {

/// OpenBao and Vault, with a PKI engine and a Kubernetes auth method.
class VaultDialect final : public Dialect {
  public:
    explicit VaultDialect(Reviewer reviewer) : reviewer_(std::move(reviewer)) {}

    [[nodiscard]] std::string_view server() const override { return "vault"; }
    [[nodiscard]] Task<Description> describe(http::Transport& wire, Side side,
                                             run::RunMark mark) const override;
    [[nodiscard]] Task<std::string> version(http::Transport& wire, Side side) const override;
    [[nodiscard]] Vocabulary words() const override { return vocabulary(reviewer_); }
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

  private:
    Reviewer reviewer_;
};

}  // namespace meshproof::twin
