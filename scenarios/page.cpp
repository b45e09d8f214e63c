#include "scenarios/page.hpp"

#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "scenarios/index.hpp"

namespace meshproof::scenarios {
namespace {

constexpr std::string_view no_console =
    "There is no console here: the calls of `ControlPlane` are what its dialogs would do.";

// After "§": "12" or "12-14", as far as it goes.
void read_numbers(std::string_view text, std::vector<int>& numbers) {
    const auto digits = [&text] {
        int number = 0;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            number = number * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        return number;
    };
    const int first = digits();
    int last = first;
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        last = digits();
    }
    for (int number = first; number <= last; ++number) {
        numbers.push_back(number);
    }
}

std::string quoted(const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& name : names) {
        all.push_back(fmt::format("`{}`", name));
    }
    return join(all, ", ");
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    std::string word;
    for (const char c : std::string(text) + " ") {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            all.push_back(std::exchange(word, {}));
        }
    }
    return all;
}

std::vector<Sentence> sentences() {
    return {
        {1, "introduction", "one or multiple Vault servers hold the CA certificates"},
        {2, "introduction", "a service asks Vault for each certificate, and Vault signs it"},
        {3, "introduction", "mTLS connections are authenticated and encrypted",
         "MonitorsTest.LeafOutsideTheTrustStoreAccepted MonitorsTest.WrongServerAnswered"},
        {4, "introduction",
         "the integration holds the server's URL, the signing endpoint and the "
         "reference to the bundle",
         "", "The bundle is part of the account; bundles have no names of their own."},
        {5, "introduction", "the account's CA label is applied to a cluster when it is onboarded"},
        {6, "introduction",
         "onboarding pushes the configuration and uploads root and intermediates into the trust "
         "store; from then on the cluster is connected"},
        {7, "introduction", "the cluster trusts session certificates because of its trust store",
         "Sync.NewLeavesChainToTheConnectedCaOnly Sync.ReadyMeansThatPeersTrustTheLeaf"},
        {8, "introduction", "the CA health of each connected cluster can be viewed", "",
         no_console},
        {9, "note", "an integration can be created through the management API, too", "",
         "That API is another document's. `ControlPlane` is what it would call."},
        {10, "prerequisites", "the reader has the console and knows Vault and Kubernetes", "",
         "It says nothing of a mesh or a server."},
        {11, "step 1 a", "VAULT_ADDR, VAULT_NAMESPACE and VAULT_TOKEN say where Vault is",
         "TargetFile.TheEnvironmentFillsInWhatIsLeftOut cli/tests/page_test"},
        {12, "step 1 b", "root and intermediate PKI engines, URLs, intermediate signed and set",
         "cli/tests/page_test"},
        {13, "step 1 b", "the policy on the engine's paths", "cli/tests/page_test"},
        {14, "step 1 b", "the signing role's fields", "cli/tests/page_test"},
        {15, "step 1 b", "what allowed_domains and allow_subdomains mean",
         "conformance/vault/pki/sign/domains.cpp",
         "The mesh asks for no DNS name, so no scenario can show it."},
        {16, "step 1 b", "allowed_uri_sans is the project's trust domain",
         "conformance/vault/pki/sign/uris.cpp",
         "The literal \"cluster.local\" is shown to be refused: the value must be a URI pattern "
         "(decision 0003)."},
        {17, "step 1 c", "SA_CA_CRT is taken from a service account's Secret",
         "cli/tests/page_test",
         "Scenarios show that the Secret holds the API server's CA, and write the latter."},
        {18, "step 1 d", "K8S_HOST is the API server's URL of the kubeconfig",
         "cli/tests/page_test",
         "Scenarios write the URL at which the Vault of the target reaches the API server."},
        {19, "step 1 e", "the Kubernetes auth method under the cluster's name, which is unique",
         "cli/tests/page_test"},
        {20, "step 1 f", "host and CA are written to the auth method's config",
         "cli/tests/page_test"},
        {21, "step 1 g", "the named role: service account, namespace, policies, ttl",
         "cli/tests/page_test"},
        {22, "step 1 g", "onboarding creates the service account; services authenticate as it",
         "Flow.AServiceAccountThatWasThereBeforeStays"},
        {23, "step 1 g", "the policy gives read access to the PKI engine's paths"},
        {24, "steps 2-4", "Admin > Integration, the Vault card, Configure or Add Account", "",
         no_console},
        {25, "step 5", "Name, optional Description, and the label with its syntax or one's own",
         "Account.FillsInWhatThePageFillsIn"},
        {26, "step 5", "New Value and Add new below make a label of one's own", "", no_console},
        {27, "step 5", "the URL is accessible from the cluster", "Decide.RetriesWhatGaveNoAnswer"},
        {28, "step 5", "service account name and role are those of step 1 g",
         "Decide.FollowsTheTable"},
        {29, "step 5", "the PKI path uses the sign endpoint and matches the enabled engine",
         "Decide.FollowsTheTable Account.RefusesEachFieldWithItsOwnMessage"},
        {30, "step 5", "the mount path is optional, has a format and a default",
         "Flow.OnboardedPodsTalkOverMutualTls Account.FillsInWhatThePageFillsIn"},
        {31, "step 5", "the namespace is optional, and only where the product has namespaces",
         "Trust.TheAccountsNamespaceReachesTheWire"},
        {32, "step 5",
         "a bundle is needed for a self-signed root and HTTPS, and for a publicly "
         "trusted root none",
         "Trust.APubliclyTrustedRootNeedsNoBundle Trust.APrivateRootNeedsABundle "
         "Trust.TheBundleVouchesForVaultsHttpsToo"},
        {33, "step 5", "clusters validate Vault's certificates against the bundle",
         "Sync.NewLeavesChainToTheConnectedCaOnly "
         "Trust.AVaultThatNeitherBundleNorMachineKnowsGetsNoToken"},
        {34, "step 5", "at most three certificates: one root and at most two intermediates",
         "CaBundle.TakesThreeCertificatesWithOneRootThatChain"},
        {35, "step 5.1-5.3", "New Certificate Chain: name, description, .PEM file", "", no_console},
        {36, "step 5", "root and intermediates are imported during onboarding"},
        {37, "step 6", "Save"},
        {38, "step 7",
         "a trust domain is part of every workload's identity, and required to onboard clusters "
         "and create global namespaces"},
        {39, "step 7", "the trust domain matches allowed_uri_sans exactly",
         "Decide.SaysHowTheTrustDomainAndTheRoleDiffer"},
        {40, "results", "the new account is added and its details can be viewed", "", no_console},
        {41, "results", "CA: Connected means that services can have certificates signed",
         "Trust.HealthIsFoundWithTheIdentitiesOfThePods"},
        {42, "results", "CA: Unknown means that the cluster is disconnected and cannot ask"},
        {43, "results", "Healthy means that the configuration is synced and applied",
         "Sync.HealthAppliesNothing Flow.AGlobalNamespaceIsHealthyWhileItsConfigurationIsApplied"},
        {44, "results", "the menus that lead to the health of namespaces and clusters", "",
         no_console},
        {45, "next", "the CA label is selected when a cluster is onboarded"},
        {46, "next, edit", "description and service account name can be edited, and nothing else",
         "Account.LetsOnlyTheServiceAccountAndTheDescriptionChange"},
        {47, "next, important", "the name is changed in Vault's role first"},
        {48, "next, delete", "a used account is deleted only after a warning is understood",
         "Sync.AHalfDoneDeletionIsFinished"},
        {49, "warning", "pods keep their certificates until they expire; then mTLS fails"},
        {50, "warning",
         "a deleted pod is not automatically recreated, since it can have no "
         "certificate",
         "",
         "The pod object does come back, as any ReplicaSet makes it; what is shown is that it "
         "never gets a certificate, is never ready and takes part in no mTLS."},
        {51, "warning",
         "another CA is connected and all pods are restarted to use its certificates",
         "Sync.AnotherCaEndsNoMtlsThatIsGood Sync.AHalfDoneConnectionIsFinished"},
        {52, "note", "accounts can be edited and deleted from the details page, too", "",
         no_console},
    };
}

}  // namespace

const std::vector<Sentence>& page_sentences() {
    static const auto all = sentences();
    return all;
}

std::vector<int> sentences_of(std::string_view source) {
    constexpr std::string_view mark = "§";
    std::vector<int> numbers;
    for (auto at = source.find(mark); at != std::string_view::npos; at = source.find(mark, at)) {
        at += mark.size();
        read_numbers(source.substr(at), numbers);
    }
    return numbers;
}

std::string page_coverage() {
    std::map<int, std::vector<std::string>> by_number;
    for (const auto* scenario : all_scenarios()) {
        for (const int number : sentences_of(scenario->source)) {
            by_number[number].emplace_back(scenario->id);
        }
    }
    const auto& all = page_sentences();
    const auto without_hole = std::ranges::count(all, "", &Sentence::hole);
    std::string page = fmt::format(
        "# The integration page, sentence by sentence\n\n"
        "Made by `meshproof list --scenarios --markdown`; a test compares. Scenarios name the "
        "sentences\nthat they prove in their `source` (`meshproof explain ID`), tests beside them "
        "stand in\n`scenarios/page.cpp`, as does what nothing proves. Of {} sentences {} are "
        "proven whole.\n\n"
        "| § | where | what it says | proven by | not proven |\n|---|---|---|---|---|\n",
        all.size(), without_hole);
    for (const auto& sentence : all) {
        auto proofs = by_number[sentence.number];
        std::ranges::move(words(sentence.also), std::back_inserter(proofs));
        const bool nothing = proofs.empty() && sentence.hole.empty();
        page += fmt::format("| {} | {} | {} | {} | {} |\n", sentence.number, sentence.place,
                            sentence.says, quoted(proofs),
                            nothing ? std::string_view("**unexplained**") : sentence.hole);
    }
    return page;
}

}  // namespace meshproof::scenarios
