#include "fakes/kube/fake_kube.hpp"

#include <exception>
#include <optional>

#include "core/time/worker.hpp"
#include "fakes/kube/answer.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/builtin_roles.hpp"
#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/turns.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes {

struct FakeKube::State final : kube::ApiState {
    State(FakeKubeOptions its_options, const Clock& its_clock)
        : ApiState(std::move(its_options), its_clock) {
        if (options.worker != nullptr) {
            trials.emplace();
        }
    }

    /// The same answer as in its turn, from a copy.
    [[nodiscard]] Task<kube::Answer> answer_aside(http::Request& request, const http::Peer& peer);

    kube::Turns turns;
    std::optional<Worker> trials;  ///< nothing where all is done in its turn
};

FakeKube::FakeKube(FakeKubeOptions options, const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {
    kube::add_builtin_roles(*state_->store, clock);
    for (const auto* name : {"default", "kube-system", "istio-system"}) {
        kube::add_namespace(*state_, {{"metadata", {{"name", name}}}});
    }
    kube::add_own_service(*state_);
}

FakeKube::FakeKube(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<FakeKube>> FakeKube::restored(const nlohmann::json& state,
                                                     FakeKubeOptions options, const Clock& clock) {
    std::unique_ptr<FakeKube> kube;
    const auto loaded = load_state([&] {
        std::uint64_t starts = 0;
        read_member(state, "starts", starts);
        ++starts;
        options.seed = Prng(options.seed).fork(fmt::format("kube/start/{}", starts)).seed();
        read_member(state, "admin_token", options.admin_token);
        read_member(state, "issuer", options.issuer);
        auto api = std::make_unique<State>(std::move(options), clock);
        api->starts = starts;
        kube::load_api_state(*api, state);
        kube.reset(new FakeKube(std::move(api)));
    });
    if (!loaded) {
        return propagate(loaded);
    }
    return kube;
}

FakeKube::~FakeKube() = default;

nlohmann::json FakeKube::save() const {
    return kube::save_api_state(*state_);
}

const FakeKubeOptions& FakeKube::options() const {
    return state_->options;
}

namespace {

/// The date at one moment: nobody waits in a trial.
class Moment final : public Clock {
  public:
    explicit Moment(const Clock& clock) : now_(clock.now()), elapsed_(clock.elapsed()) {}
    [[nodiscard]] Time now() const override { return now_; }
    [[nodiscard]] Duration elapsed() const override { return elapsed_; }
    [[nodiscard]] Task<bool> rest(Duration /*duration*/) override { co_return true; }

  private:
    Time now_;
    Duration elapsed_;
};

/// A request that is answered on a copy of the server, by a thread beside the loop. It owns all
/// that it looks at; only its turn keeps others from what it shares.
struct Trial {
    Trial(kube::ApiState& server, std::unique_ptr<kube::Turns::Turn> its_turn)
        : turn(std::move(its_turn)),
          moment(server.clock),
          api(server, moment),
          version(server.store->version()) {}

    void run() {
        try {
            answer.response = kube::answer_of(api, request, std::move(question), answer.warnings,
                                              early ? &*early : nullptr);
        } catch (...) {  // its turn ends on the loop's own thread, whatever happens
            thrown = std::current_exception();
        }
    }

    std::unique_ptr<kube::Turns::Turn> turn;
    Moment moment;
    kube::ApiState api;
    std::uint64_t version;  ///< of the server when it was copied
    http::Request request;
    kube::Question question;
    std::optional<kube::EarlyBody> early;
    kube::Answer answer;
    std::exception_ptr thrown;
};

Task<std::unique_ptr<Trial>> run_aside(Worker& worker, std::unique_ptr<Trial> trial) {
    co_return co_await worker.aside([trial = std::move(trial)]() mutable {
        trial->run();
        return std::move(trial);
    });
}

/// Takes up what a trial has changed; false where others have changed something meanwhile.
bool take_up(kube::ApiState& server, Trial& trial) {
    auto& tried = *trial.api.store;
    if (tried.version() == trial.version) {
        server.store->take_chance(tried);
    } else if (server.store->version() == trial.version) {
        server.store->adopt(std::move(tried));
    } else {
        return false;
    }
    for (const auto& change : trial.api.types_changes) {
        change(server.store->custom());
    }
    return true;
}

/// Each operation of a JSON patch may take as long as a list of its object is.
constexpr std::size_t large_body = 64U << 10, large_patch = 4U << 10;

/// It takes long to read, or to apply.
bool has_large_body(const http::Request& request) {
    const auto size = request.body.size();
    if (size == 0 || size >= large_body) {
        return size > 0;
    }
    // A few anchors of YAML may stand for hundreds of thousands of nodes.
    const bool aliases = kube::form_of_body(request) == kube::BodyForm::yaml &&
                         request.body.find('*') != std::string::npos;
    return aliases || (size >= large_patch && kube::is_json_patch(request));
}

/// Whether it changes what is kept.
bool writes(const kube::Question& question) {
    const auto& verb = question.info.verb;
    return question.type != nullptr && question.type->stored &&
           question.info.subresource != "token" && verb != "get" && verb != "list" &&
           verb != "watch";
}

/// Whether many others may change with what it changes.
bool stirs_many(const kube::Store& store, const kube::Question& question) {
    const auto& [info, user, type] = question;
    if (info.verb == "deletecollection") {
        return true;
    }
    const auto object = store.find(*type, info.namespace_name, info.name);
    if (!object) {
        return false;
    }
    if (type == &kube::type::pods) {  // all others of its set are looked at
        return object->at("metadata").contains("ownerReferences");
    }
    const bool goes = info.verb == "delete" || !kube::meta(*object, "deletionTimestamp").empty();
    return goes && (type == &kube::type::namespaces || type == &kube::type::definitions ||
                    store.owns(kube::meta(*object, "uid")));
}

/// Whether the answer may take longer than others like to wait: for its body, for the objects that
/// it is about, or for what the controllers do then. Others are answered faster than they are
/// handed over.
bool takes_long(const kube::ApiState& api, const http::Request& request,
                const kube::Question& question) {
    constexpr std::size_t large_object = 256U << 10, large_list = 1U << 20;
    const auto& [info, user, type] = question;
    const auto& store = *api.store;
    if (type == nullptr) {  // of these, what tells of all schemas
        return info.path.starts_with("/openapi/") &&
               store.weight(kube::type::definitions) >= large_list;
    }
    if (info.verb == "watch" || request.body.size() > kube::largest_body) {
        return false;
    }
    if (has_large_body(request) ||
        store.weight(*type, info.namespace_name, info.name) >= large_object) {
        return true;
    }
    if (!writes(question)) {
        // Each object is held against each term of the selectors.
        constexpr std::size_t short_query = 256;
        return info.verb == "list" &&
               store.weight(*type) * (1 + request.target.size() / short_query) >= large_list;
    }
    // Of workloads it is as many pods as they say.
    return kube::is_workload(*type) ||
           (store.weight() >= large_list && stirs_many(store, question));
}

/// A body that is read while others are served, and what was read of it.
struct BodyAside {
    std::string text;
    kube::EarlyBody early;
};

Task<BodyAside> read_aside(Worker& worker, std::string text, kube::BodyForm form,
                           kube::Json current) {
    co_return co_await worker.aside(
        [text = std::move(text), form, current = std::move(current)]() mutable {
            auto early = kube::read_early(form, text, std::move(current));
            return BodyAside{std::move(text), std::move(early)};
        });
}

/// The object that a JSON patch is for; null where there is none, or the request is none. A
/// subresource may be an object of another kind, which is small.
kube::Json object_to_patch(const kube::ApiState& api, const http::Request& request,
                           const kube::Question& question) {
    const auto& info = question.info;
    if (!kube::is_json_patch(request) ||
        !(info.subresource.empty() || info.subresource == "status")) {
        return nullptr;
    }
    const auto object = api.store->find(*question.type, info.namespace_name, info.name);
    return object ? *object : kube::Json();
}

/// Reads a large body before its turn, since that needs no copy of anything. Nothing where it is
/// small, of no such form, or for no resource.
Task<std::optional<kube::EarlyBody>> read_in_advance(kube::ApiState& api, http::Request& request,
                                                     const kube::Question& question) {
    const bool read = question.type != nullptr && has_large_body(request);
    const auto form = read ? kube::form_of_body(request) : std::optional<kube::BodyForm>();
    if (!form) {
        co_return std::nullopt;
    }
    auto body = co_await read_aside(*api.options.worker, std::move(request.body), *form,
                                    object_to_patch(api, request, question));
    request.body = std::move(body.text);
    co_return std::move(body.early);
}

}  // namespace

/// Where others change something meanwhile, it is tried again, as often as the API server makes a
/// patch anew; at last they wait for it.
Task<kube::Answer> FakeKube::State::answer_aside(http::Request& request, const http::Peer& peer) {
    constexpr int attempts = 5;
    for (int attempt = 1;; ++attempt) {
        kube::Answer answer;
        auto question = kube::question_of(*this, request, peer, answer.warnings);
        std::optional<kube::EarlyBody> early;
        std::unique_ptr<kube::Turns::Turn> turn;
        if (question) {
            early = co_await read_in_advance(*this, request, *question);
            turn = co_await turns.take();
            answer.warnings.clear();
            question = kube::question_of(*this, request, peer, answer.warnings);
        }
        if (!question) {
            answer.response = std::move(question).error();
            co_return answer;
        }
        const bool last = attempt >= attempts;
        if (!last && early && early->patched &&
            early->patched->version !=
                kube::meta(object_to_patch(*this, request, *question), "resourceVersion")) {
            continue;
        }
        const auto pause = last ? turns.pause() : nullptr;
        auto trial = std::make_unique<Trial>(*this, std::move(turn));
        trial->request = std::move(request);
        trial->question = std::move(*question);
        trial->early = std::move(early);
        trial->answer = std::move(answer);
        trial = co_await run_aside(*trials, std::move(trial));
        request = std::move(trial->request);
        if (trial->thrown) {
            std::rethrow_exception(trial->thrown);
        }
        if (take_up(*this, *trial)) {
            co_return std::move(trial->answer);
        }
    }
}

Task<http::Response> FakeKube::handle(http::Request request, http::Peer peer) {
    auto& state = *state_;
    kube::Answer answer;
    auto question = kube::question_of(state, request, peer, answer.warnings);
    if (question && state.trials && takes_long(state, request, *question)) {
        answer = co_await state.answer_aside(request, peer);
    } else {
        std::unique_ptr<kube::Turns::Turn> turn;
        if (question && state.trials && writes(*question)) {
            // Trials look at the custom types, and the last of them at all that is kept.
            const bool of_types = question->type == &kube::type::definitions;
            const bool waits = of_types || state.turns.paused();
            if (of_types) {
                turn = co_await state.turns.take();
            } else if (waits) {
                co_await state.turns.until_unpaused();
            }
            if (waits) {
                answer.warnings.clear();
                question = kube::question_of(state, request, peer, answer.warnings);
            }
        }
        answer.response = question ? kube::answer_of(state, request, std::move(*question),
                                                     answer.warnings, nullptr)
                                   : std::move(question).error();
    }
    auto& response = answer.response;
    if (response.status == 101) {
        co_return std::move(response);  // its head has no more than it needs
    }
    if (!response.headers.find("Cache-Control")) {
        response.headers.set("Cache-Control", "no-cache, private");
    }
    response.headers.set("Audit-Id",
                         request.headers.find("Audit-ID").value_or(kube::fresh_uuid(state.audits)));
    kube::add_warnings(response.headers, answer.warnings);
    if (request.method == "HEAD") {
        response.body.clear();
    }
    co_return std::move(response);
}

}  // namespace meshproof::fakes
