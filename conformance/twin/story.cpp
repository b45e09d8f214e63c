#include "conformance/twin/story.hpp"

#include <algorithm>
#include <charconv>

#include "conformance/twin/kube_dialect.hpp"
#include "conformance/twin/stranger.hpp"
#include "core/http/message.hpp"

namespace meshproof::twin {
namespace {

constexpr std::string_view nothing = "nothing";

/// Stands in a path as it is; only marks and templates are filled in later.
std::string own(std::string_view base) {
    return "@{own:" + std::string(base) + "}";
}

void set_member(Json& body, std::string_view name, Json value) {
    auto* at = &body;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        auto& inner = (*at)[std::string(name.substr(0, dot))];
        if (!inner.is_object()) {
            inner = Json::object();
        }
        at = &inner;
        name = name.substr(dot + 1);
    }
    (*at)[std::string(name)] = std::move(value);
}

class Drawing {
  public:
    Drawing(const Topic& topic, const std::vector<const Operation*>& operations,
            const Vocabulary& vocabulary, Tried& tried, Prng prng)
        : operations_(operations), vocabulary_(vocabulary), tried_(tried), prng_(prng) {
        story_.server = std::string(topic.server);
        story_.topic = std::string(topic.name);
    }

    Story draw(const DrawOptions& options) {
        lay_ground();
        if (options.stranger) {
            stranger_ = bring_stranger(
                operations_, options.namespaces,
                [this](std::string method, std::string path, std::string_view of,
                       Json body) -> Step& {
                    auto& step = fixed(method, std::move(path), std::move(body));
                    step.key = fmt::format("{} {}", method, of);
                    return step;
                },
                prng_);
        }
        for (std::size_t i = 0; i < options.bursts && !operations_.empty(); ++i) {
            if (i < options.wanted.size()) {
                burst_for(options.wanted[i]);
            } else {
                const auto* target = least_tried();
                const auto fit = draw_fit();
                burst(*target, fit, focus_of(*target));
            }
        }
        return std::move(story_);
    }

  private:
    struct Choice {
        Fit fit = Fit::right;
        std::vector<const Parameter*> focus;
        std::map<std::string, std::string> names;  ///< of path parameters
    };

    // --- the ground: what is there before the topic's own operations make sense

    Step& fixed(std::string method, std::string path, Json body) {
        Step step{.number = next_++, .key = method + " " + path, .method = method, .path = path};
        if (!body.is_null()) {
            step.body = std::move(body);
        }
        story_.steps.push_back(std::move(step));
        return story_.steps.back();
    }

    Json worded(std::string_view key, std::initializer_list<std::string_view> names) {
        Json body = Json::object();
        for (const auto name : names) {
            if (const auto* word = vocabulary_.find(key, name)) {
                body[std::string(name)] = word->values.front();
            }
        }
        return body;
    }

    void mount_pki() {
        fixed("POST", "sys/mounts/{pki}",
              {{"type", "pki"},
               {"description", "@{mark}"},
               {"config", {{"max_lease_ttl", "87600h"}}}})
            .ground = true;
        if (prng_.chance(0.9)) {
            auto& root = fixed("POST", "{pki}/root/generate/internal",
                               {{"common_name", "a root"},
                                {"key_type", "ec"},
                                {"ttl", "8760h"},
                                {"issuer_name", "a"}});
            root.key = "POST {pki}/root/generate/{exported}";
        }
        if (prng_.chance(0.9)) {
            auto& role = fixed("POST", "{pki}/roles/a",
                               {{"allow_any_name", true},
                                {"enforce_hostnames", false},
                                {"allowed_uri_sans", {"*"}},
                                {"allow_ip_sans", true},
                                {"key_type", prng_.chance(0.5) ? "any" : "ec"},
                                {"generate_lease", prng_.chance(0.5)}});
            role.key = "POST {pki}/roles/{name}";
        }
    }

    void mount_kubernetes() {
        fixed("POST", "sys/auth/{kubernetes}", {{"type", "kubernetes"}, {"description", "@{mark}"}})
            .ground = true;
        if (prng_.chance(0.9)) {
            constexpr std::string_view key = "POST auth/{kubernetes}/config";
            fixed("POST", "auth/{kubernetes}/config",
                  worded(key, {"kubernetes_host", "kubernetes_ca_cert", "token_reviewer_jwt"}));
        }
        if (prng_.chance(0.9)) {
            auto& role =
                fixed("POST", "auth/{kubernetes}/role/a",
                      worded("POST auth/{kubernetes}/role/{name}",
                             {"bound_service_account_names", "bound_service_account_namespaces"}));
            role.key = "POST auth/{kubernetes}/role/{name}";
        }
    }

    /// What a mesh does: a login of a service account, with whose token the engine is asked. The
    /// role takes only the account's own SPIFFE id.
    void log_in(const std::string& token_of_role) {
        mount_kubernetes();
        auto& read = fixed("GET", "sys/auth/{kubernetes}", nullptr);
        read.key = "GET sys/auth/{path}";
        const auto alias = fmt::format(
            "{{{{identity.entity.aliases.@{{{}:/data/accessor}}.metadata.service_account_",
            read.number);
        auto& policy = fixed("POST", "sys/policies/acl/" + own("a"),
                             {{"policy", "path \"" + own("pki") +
                                             "/*\" { capabilities = [\"create\", \"read\", "
                                             "\"update\", \"delete\", \"list\"] }"}});
        policy.key = "POST sys/policies/acl/{name}";
        auto role = worded("POST auth/{kubernetes}/role/{name}",
                           {"bound_service_account_names", "bound_service_account_namespaces"});
        role["policies"] = Json::array({own("a")});
        fixed("POST", "auth/{kubernetes}/role/c", std::move(role)).key =
            "POST auth/{kubernetes}/role/{name}";
        fixed("POST", "{pki}/roles/" + token_of_role,
              {{"key_type", "any"},
               {"allowed_uri_sans_template", true},
               {"require_cn", false},
               {"allowed_uri_sans",
                {"spiffe://cluster.local/ns/" + alias + "namespace}}/sa/" + alias + "name}}"}}})
            .key = "POST {pki}/roles/{name}";
        auto login = worded("POST auth/{kubernetes}/login", {"jwt"});
        login["role"] = "c";
        login_ = fixed("POST", "auth/{kubernetes}/login", std::move(login)).number;
        sign_as_it("{pki}/sign/" + token_of_role);
    }

    /// With its own name, with another's, and its own name by somebody who is no service account.
    void sign_as_it(const std::string& path) {
        const auto* csr = vocabulary_.find("POST {pki}/sign/{role}", "csr");
        if (csr == nullptr || csr->values.size() < 2) {
            return;
        }
        for (const std::size_t which : {std::size_t{0}, std::size_t{1}, std::size_t{0}}) {
            auto& sign = fixed("POST", path, {{"csr", csr->values[which]}});
            sign.key = "POST {pki}/sign/{role}";
            sign.as = signed_ < 2 ? token_of_login() : std::string();
            ++signed_;
        }
    }

    std::string token_of_login() const { return fmt::format("@{{{}:/auth/client_token}}", login_); }

    /// Engines hand on to clients what the mount lets through.
    void let_conditions_through() {
        auto& tune = fixed("POST", "sys/mounts/{pki}/tune",
                           {{"passthrough_request_headers", {"If-Modified-Since"}},
                            {"allowed_response_headers", {"Last-Modified"}}});
        tune.key = "POST sys/mounts/{path}/tune";
        conditional_ = true;
    }

    void mount_own() {
        auto& engine =
            fixed("POST", "sys/mounts/" + own("m"), {{"type", "pki"}, {"description", "@{mark}"}});
        engine.key = "POST sys/mounts/{path}";
        auto& method = fixed("POST", "sys/auth/" + own("m"),
                             {{"type", "kubernetes"}, {"description", "@{mark}"}});
        method.key = "POST sys/auth/{path}";
    }

    /// The topic's objects under one name; for reviews, an account with a token.
    void lay_ground_of_cluster() {
        if (story_.topic == "review") {
            constexpr std::string_view accounts = "api/v1/namespaces/{namespace}/serviceaccounts";
            const auto made = "api/v1/namespaces/@{home}/serviceaccounts";
            fixed("POST", made, {{"metadata", {{"name", own("a")}}}}).key =
                fmt::format("POST {}", accounts);
            fixed("POST", fmt::format("{}/{}/token", made, own("a")),
                  {{"spec", {{"audiences", {"vault"}}}}})
                .key = fmt::format("POST {}/{{name}}/token", accounts);
            return;
        }
        Choice choice;
        choice.names = {{"namespace", "@{home}"}, {"name", own("a")}};
        for (const auto* one : operations_) {
            if (one->method == "POST" && !one->path.ends_with("/token") && prng_.chance(0.7)) {
                ask(*one, choice);
            }
        }
    }

    void lay_ground() {
        if (story_.server == "kubernetes") {
            lay_ground_of_cluster();
            return;
        }
        if (story_.topic == "pki" || story_.topic == "lease") {
            mount_pki();
        }
        if (story_.topic == "pki" && prng_.chance(0.15)) {
            let_conditions_through();
        }
        if (story_.topic == "pki" && prng_.chance(0.15)) {
            log_in("b");
        }
        if (story_.topic == "mount" && prng_.chance(0.8)) {
            mount_own();
        }
        if (story_.topic == "lease") {
            for (auto& step : story_.steps) {
                if (step.path == "{pki}/roles/a") {
                    (*step.body)["generate_lease"] = true;
                    (*step.body)["key_type"] = "ec";  // `any` has the request say which
                }
            }
            auto& issue = fixed("POST", "{pki}/issue/a", {{"common_name", "a.example.com"}});
            issue.key = "POST {pki}/issue/{role}";
        }
        if (story_.topic == "kubernetes-auth" || story_.topic == "identity") {
            mount_kubernetes();
        }
        if (story_.topic == "identity") {
            auto& read = fixed("GET", "sys/auth/{kubernetes}", nullptr);
            read.key = "GET sys/auth/{path}";
        }
    }

    // --- what to try

    std::size_t tries(const std::string& key) const {
        const auto found = tried_.find(key);
        return found == tried_.end() ? 0 : found->second;
    }

    /// An operation with the least tried parameter among a few that are drawn: chance decides
    /// between what is tried as often, and nothing starves.
    const Operation* least_tried() {
        constexpr std::size_t drawn = 6;
        const Operation* best = nullptr;
        std::size_t least = 0;
        for (std::size_t i = 0; i < drawn; ++i) {
            const auto* one = operations_[prng_.below(operations_.size())];
            auto count = tries(one->key());
            for (const auto& parameter : one->parameters) {
                count = std::min(count, tries(one->key() + " " + parameter.name));
            }
            if (best == nullptr || count < least) {
                best = one;
                least = count;
            }
        }
        return best;
    }

    const Operation* at_path(std::string_view path, std::string_view method) const {
        for (const auto* one : operations_) {
            if (one->path == path && one->method == method) {
                return one;
            }
        }
        return nullptr;
    }

    /// The same object's operation. In a cluster, what makes an object is asked of its list.
    const Operation* sibling(const Operation& of, std::string_view method) const {
        constexpr std::string_view object = "/{name}";
        if (story_.server == "kubernetes" && method == "POST" && of.path.ends_with(object)) {
            return at_path(of.path.substr(0, of.path.size() - object.size()), method);
        }
        if (story_.server == "kubernetes" && method != "POST" && !of.path.ends_with(object)) {
            return at_path(of.path + std::string(object), method);
        }
        return at_path(of.path, method);
    }

    const Operation* list_above(const Operation& of) const {
        const auto slash = of.path.rfind('/');
        const auto parent = slash == std::string::npos ? std::string() : of.path.substr(0, slash);
        if (story_.server == "kubernetes") {
            return at_path(of.path.ends_with("/{name}") ? parent : of.path, "GET");
        }
        for (const auto* one : operations_) {
            if (one->method == "LIST" && (one->path == parent || one->path == parent + "s" ||
                                          one->path == of.path || one->path == of.path + "/")) {
                return one;
            }
        }
        return nullptr;
    }

    /// With the one parameter, and nothing beside it but what keeps company.
    void burst_for(const Wanted& wanted) {
        std::vector<const Parameter*> alone;
        if (wanted.parameter != nullptr) {
            alone.push_back(wanted.parameter);
        }
        burst(*wanted.operation, wanted.fit, alone);
    }

    /// Write, read back, list, use, change, delete: as much of it as the description offers around
    /// the operation.
    void burst(const Operation& target, Fit fit, std::vector<const Parameter*> focus) {
        Choice choice;
        choice.names = names_for(target);
        const auto* write = sibling(target, "POST");
        const auto* read = sibling(target, "GET");
        const auto* remove = sibling(target, "DELETE");
        const auto* list = list_above(target);
        if (write != nullptr && write != &target && prng_.chance(0.7)) {
            ask(*write, choice);
        }
        auto tried = choice;
        tried.fit = fit;
        tried.focus = std::move(focus);
        ask(target, tried);
        if (read != nullptr && read != &target && prng_.chance(0.8)) {
            ask(*read, choice);
        }
        if (list != nullptr && prng_.chance(0.4)) {
            ask(*list, choice);
        }
        if (prng_.chance(0.4)) {
            use_something();
        }
        if (write != nullptr && prng_.chance(0.3)) {
            auto change = choice;
            change.fit = draw_fit();
            change.focus = focus_of(*write);
            ask(*write, change);
            if (read != nullptr) {
                ask(*read, choice);
            }
        }
        if (remove != nullptr && remove != &target && prng_.chance(0.3)) {
            ask(*remove, choice);
            if (read != nullptr) {
                ask(*read, choice);
            }
        }
    }

    /// An operation that works with what others made.
    void use_something() {
        const auto* one = operations_[prng_.below(operations_.size())];
        if (one->method != "DELETE") {
            Choice choice;
            choice.names = names_for(*one);
            ask(*one, choice);
        }
    }

    Fit draw_fit() {
        const auto at = prng_.unit();
        return at < 0.5 ? Fit::right : at < 0.8 ? Fit::odd : Fit::wrong;
    }

    /// One parameter or two: the least tried, and a random one.
    std::vector<const Parameter*> focus_of(const Operation& operation) {
        std::vector<const Parameter*> out;
        for (const auto& one : operation.parameters) {
            if (one.in == In::path) {
                continue;
            }
            if (out.empty() || tries(operation.key() + " " + one.name) <
                                   tries(operation.key() + " " + out.front()->name)) {
                out.assign(1, &one);
            }
        }
        if (!out.empty() && prng_.chance(0.5)) {
            const auto& other = operation.parameters[prng_.below(operation.parameters.size())];
            if (other.in != In::path && &other != out.front()) {
                out.push_back(&other);
            }
        }
        return out;
    }

    // --- values

    /// A mark for something that an earlier answer holds; "" where none does. `company`: only of
    /// what is there although nobody tries it.
    std::string reference(std::string_view parameter, bool company = false) {
        std::vector<std::string> found;
        for (const auto& yield : vocabulary_.yields) {
            if (!matches(yield.parameter, parameter) || (company && !yield.company)) {
                continue;
            }
            for (const auto& step : story_.steps) {
                if (matches(yield.key, step.key)) {
                    found.push_back(fmt::format("@{{{}:{}}}", step.number, yield.pointer));
                }
            }
        }
        return found.empty() ? std::string() : found[prng_.below(found.size())];
    }

    std::string name_for(const Operation& operation, const Parameter& parameter) {
        const auto referred_to = reference(parameter.name);
        if (!referred_to.empty() && prng_.chance(0.6)) {
            return referred_to;
        }
        const bool shared = shared_path(operation.path);
        const auto* word = vocabulary_.find(operation.key(), parameter.name);
        if (word != nullptr && (word->only || prng_.chance(0.9))) {
            const auto value = draw_value(parameter, Fit::right, word, prng_);
            return value.is_string() ? value.get<std::string>() : value.dump();
        }
        if (shared) {
            return prng_.chance(0.8) ? own("a") : std::string(nothing);
        }
        static const std::vector<std::string> odd = {
            "A", "a-b", "a.b", "a b", "a%2Fb", "ü", "a_b", "nothing", "0", "b", "-", "@{own:a}"};
        return odd[prng_.below(odd.size())];
    }

    std::map<std::string, std::string> names_for(const Operation& operation) {
        std::map<std::string, std::string> out;
        for (const auto& one : operation.parameters) {
            if (one.in == In::path) {
                out[one.name] = name_for(operation, one);
            }
        }
        return out;
    }

    std::string filled_in(const Operation& operation, const Choice& choice) {
        auto path = operation.path;
        for (const auto& one : operation.parameters) {
            const auto mark = "{" + one.name + "}";
            const auto at = one.in == In::path ? path.find(mark) : std::string::npos;
            if (at != std::string::npos) {
                const auto named = choice.names.find(one.name);
                path.replace(
                    at, mark.size(),
                    named != choice.names.end() ? named->second : name_for(operation, one));
            }
        }
        return path;
    }

    Json value_for(const Operation& operation, const Parameter& parameter, Fit fit) {
        const auto* word = vocabulary_.find(operation.key(), parameter.name);
        if (fit == Fit::right) {
            auto referred_to = reference(parameter.name);
            if (!referred_to.empty() && prng_.chance(0.7)) {
                return parameter.type == ValueType::list ? Json::array({referred_to})
                                                         : Json(referred_to);
            }
        }
        return draw_value(parameter, fit, word, prng_);
    }

    /// What a request may hold: of a patch that the description says nothing of, what the whole
    /// object holds.
    std::vector<const Parameter*> parameters_of(const Operation& operation) const {
        std::vector<const Parameter*> out;
        bool any = false;
        for (const auto& one : operation.parameters) {
            any = any || one.in == In::body;
            out.push_back(&one);
        }
        const auto* whole =
            operation.method == "PATCH" && !any ? sibling(operation, "PUT") : nullptr;
        for (const auto& one : whole == nullptr ? std::vector<Parameter>{} : whole->parameters) {
            if (one.in == In::body) {
                out.push_back(whole->find(one.name, In::body));
            }
        }
        return out;
    }

    /// Whether one that contains the parameter is tried: its value stands as it is.
    static bool within_focus(const Choice& choice, const Parameter& parameter) {
        return std::ranges::any_of(choice.focus, [&parameter](const Parameter* tried) {
            return tried->in == parameter.in && parameter.name.starts_with(tried->name + ".");
        });
    }

    bool keeps_company(const Operation& operation, const Choice& choice, const Parameter& one) {
        const auto* word = vocabulary_.find(operation.key(), one.name);
        const bool company = one.required || (word != nullptr && prng_.chance(word->company)) ||
                             (!reference(one.name, true).empty() && prng_.chance(0.8));
        return company && !within_focus(choice, one);
    }

    Json company_value(const Operation& operation, const Choice& choice, const Parameter& one) {
        const auto named = choice.names.find("name");
        if (one.name == "metadata.name" && named != choice.names.end() && prng_.chance(0.9)) {
            return named->second;
        }
        const bool has_members = std::ranges::any_of(
            operation.parameters,
            [&one](const Parameter& inner) { return inner.name.starts_with(one.name + "."); });
        return has_members ? Json::object() : value_for(operation, one, Fit::right);
    }

    void fill_body(const Operation& operation, const Choice& choice, Step& step) {
        Json body = Json::object();
        bool any = false, named = false;
        for (const auto* one : parameters_of(operation)) {
            any = any || one->in == In::body;
            const bool tried = std::ranges::find(choice.focus, one) != choice.focus.end();
            if (one->in == In::path || (!tried && !keeps_company(operation, choice, *one))) {
                continue;
            }
            // One wrong value at a time: of several, which one a server names is chance.
            const bool first = tried && choice.focus.front() == one;
            const auto fit = first ? choice.fit : Fit::right;
            auto value =
                tried ? value_for(operation, *one, fit) : company_value(operation, choice, *one);
            step.uses.push_back({one->name, one->in, fit, kind_of(*one, value)});
            if (one->in == In::body) {
                const auto* word = vocabulary_.find(operation.key(), one->name);
                named = named || (word != nullptr && word->only);
                set_member(body, one->name, std::move(value));
            } else {
                step.query.emplace_back(
                    one->name, value.is_string() ? value.get<std::string>() : value.dump());
            }
        }
        if (any || operation.method == "POST" || operation.method == "PATCH") {
            step.body = odd_body(std::move(body), named && story_.server == "vault");
        }
    }

    /// Seldom something beside what the description tells. A body that names what is made, or holds
    /// the run's mark for it, stays one: without it the server would choose a name.
    Json odd_body(Json body, bool named) {
        const auto at = prng_.unit();
        if (at < 0.03) {
            body["no_such_parameter"] = "x";
        } else if (named) {
            return body;
        } else if (at < 0.04) {
            return Json::array();
        } else if (at < 0.05) {
            return nullptr;
        } else if (at < 0.055) {
            return "a text";
        }
        return body;
    }

    void ask(const Operation& operation, const Choice& choice) {
        Step step{.number = next_++,
                  .key = operation.key(),
                  .method = operation.method,
                  .path = filled_in(operation, choice)};
        for (const auto& one : operation.parameters) {
            if (one.in == In::path) {
                step.uses.push_back({one.name, In::path, Fit::right, "right"});
            }
        }
        fill_body(operation, choice, step);
        if (story_.server == "kubernetes") {
            dress_for_kube(step, prng_);
        } else {
            dress(step);
        }
        if (stranger_) {
            lend(step, *stranger_, prng_);
            step.uses.clear();
            story_.steps.push_back(std::move(step));
            return;
        }
        ++tried_[operation.key()];
        // What only keeps company is right each time, and has its turn to come.
        for (const auto* one : choice.focus) {
            ++tried_[operation.key() + " " + one->name];
        }
        story_.steps.push_back(std::move(step));
    }

    /// What is the same request to the server, or nearly.
    void dress(Step& step) {
        const bool patch = step.method == "PATCH";
        if (step.method == "POST" && prng_.chance(0.5)) {
            step.method = "PUT";
        } else if (step.method == "LIST" && prng_.chance(0.3)) {
            step.method = "GET";
            if (std::ranges::find(step.query, "list",
                                  &std::pair<std::string, std::string>::first) ==
                step.query.end()) {
                step.query.emplace_back("list", "true");
            }
        } else if (step.method == "LIST") {
            std::erase_if(step.query, [](const auto& field) { return field.first == "list"; });
        }
        if (patch) {
            step.headers.emplace_back("Content-Type", "application/merge-patch+json");
        }
        // What identity made has to be known from its answer, or it would stay.
        const bool told = step.key.starts_with("POST identity/");
        if (step.key == "POST sys/wrapping/wrap" || (prng_.chance(0.02) && !told)) {
            step.headers.emplace_back("X-Vault-Wrap-TTL", "5m");
        }
        if (conditional_ && step.method == "GET" && prng_.chance(0.5)) {
            step.headers.emplace_back("If-Modified-Since",
                                      prng_.chance(0.7) ? "Tue, 01 Jan 2097 00:00:00 GMT" : "junk");
        }
        if (login_ != 0 && prng_.chance(0.5)) {
            step.as = token_of_login();
        }
        if (step.method == "GET" && prng_.chance(0.02)) {
            step.path += "/";
        }
        step.bare = prng_.chance(0.02);
    }

    const std::vector<const Operation*>& operations_;
    const Vocabulary& vocabulary_;
    Tried& tried_;
    Prng prng_;
    Story story_;
    std::size_t next_ = 1;
    std::size_t login_ = 0;   ///< the number of the step that logged in; 0 = none did
    std::size_t signed_ = 0;  ///< requests that were signed for it
    bool conditional_ = false;
    std::optional<Stranger> stranger_{};
};

}  // namespace

const Manner& manner_of(std::string_view server) {
    static constexpr Manner vault{"vault", "/v1/", "X-Vault-Token", "", "$VAULT_TOKEN"};
    static constexpr Manner kubernetes{"kubernetes", "/", "Authorization", "Bearer ",
                                       "$KUBE_TOKEN"};
    return server == kubernetes.server ? kubernetes : vault;
}

std::string on_the_wire(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        constexpr std::string_view unsafe = "\"<>\\^`{|}#?";
        const bool plain = byte > ' ' && byte < 0x7f && unsafe.find(c) == std::string_view::npos;
        out += plain ? std::string(1, c) : http::percent_encode(std::string_view(&c, 1));
    }
    return out;
}

std::vector<std::size_t> referred(std::string_view text) {
    std::vector<std::size_t> out;
    for (auto at = text.find("@{"); at != std::string_view::npos; at = text.find("@{", at + 2)) {
        std::size_t number = 0;
        const auto* begin = text.data() + at + 2;
        const auto* end = text.data() + text.size();
        if (const auto read = std::from_chars(begin, end, number);
            read.ec == std::errc() && read.ptr != end && *read.ptr == ':') {
            out.push_back(number);
        }
    }
    return out;
}

std::vector<std::size_t> referred(const Step& step) {
    auto all = step.as + step.path + (step.body ? step.body->dump() : std::string());
    for (const auto* fields : {&step.query, &step.headers}) {
        for (const auto& [name, value] : *fields) {
            all += value;
        }
    }
    return referred(all);
}

Json without_marks(const Json& value) {
    if (value.is_string() && value.get<std::string>().find("@{") != std::string::npos) {
        return nullptr;
    }
    auto out = value;
    if (out.is_structured()) {
        for (auto& inner : out) {
            inner = without_marks(inner);
        }
    }
    return out;
}

Story draw_story(const Topic& topic, const std::vector<const Operation*>& operations,
                 const Vocabulary& vocabulary, const DrawOptions& options, Tried& tried,
                 Prng prng) {
    return Drawing(topic, operations, vocabulary, tried, std::move(prng)).draw(options);
}

}  // namespace meshproof::twin
