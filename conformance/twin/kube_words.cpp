#include "conformance/twin/kube_dialect.hpp"

namespace meshproof::twin {
namespace {

using KubeWords = std::vector<Word>;

/// What every request may ask of the server beside its object.
void add_questions(KubeWords& words) {
    words.insert(
        words.end(),
        {// Whatever a request is about lies in the run's namespace, under a name of the story's.
         {"*", "namespace", {"@{home}"}, 1, true},
         {"*", "name", {"@{own:a}", "@{own:a}", "@{own:b}"}, 1, true},
         // A watch would end only by its time.
         {"*", "watch", {false}, 0, true},
         {"*", "pretty", {"true", "false"}},
         {"*", "dryRun", {"All"}},
         {"*", "fieldManager", {"twin", "a b"}},
         {"*", "fieldValidation", {"Strict", "Warn", "Ignore"}},
         {"*", "labelSelector", {"a=b", "a", "!a", "a in (b,c)", "a==b,c!=d", "a=b=c"}},
         {"*", "fieldSelector", {"metadata.name=@{own:a}", "spec.nothing=a", "metadata.name!=a"}},
         {"*", "limit", {1, 2, 500}},
         {"*", "continue", {""}},
         // Of 0 a cache lists what goes, and may not know yet what was made a moment ago; an
         // earlier list's version is exact, and comes from that list.
         {"DELETE *", "resourceVersion", {""}, 0, true},
         {"*", "resourceVersion", {"0", "1"}},
         {"*", "resourceVersionMatch", {"NotOlderThan", "Exact"}},
         {"*", "timeoutSeconds", {1, 10}},
         // With another one an object stays until the garbage collector comes by.
         {"*", "propagationPolicy", {"Background", "a"}, 0, true},
         {"*", "orphanDependents", {false, "a"}, 0, true},
         {"*", "gracePeriodSeconds", {0, 1}},
         {"DELETE *", "kind", {"DeleteOptions"}, 0.5},
         {"DELETE *", "apiVersion", {"v1"}, 0.5}});
}

void add_metadata(KubeWords& words) {
    words.insert(words.end(),
                 {{"*", "metadata.name", {"@{own:a}", "@{own:a}", "@{own:b}"}, 1, true},
                  {"*", "metadata.generateName", {"@{own:g}"}, 0, true},
                  {"*", "metadata.namespace", {"@{home}", "@{own:nowhere}"}, 0, true},
                  {"*", "metadata.labels", {Json{{"a", "b"}}, Json{{"a", "b"}, {"c.d/e", "f"}}}},
                  {"*", "metadata.annotations", {Json{{"a", "b"}}, Json{{"a/b", "c d"}}}},
                  // An object with a finalizer stays, and its namespace with it; one with an owner
                  // that is not there goes when a controller sees it.
                  {"*", "metadata.finalizers", {Json::array()}, 0, true},
                  {"*", "metadata.ownerReferences", {Json::array()}, 0, true},
                  {"*", "metadata.managedFields", {Json::array()}, 0, true}});
    struct Kind {
        std::string_view key, kind, version;
    };
    for (const auto& [key, kind, version] :
         {Kind{"* api/v1/*/configmaps*", "ConfigMap", "v1"},
          Kind{"* api/v1/*/secrets*", "Secret", "v1"},
          Kind{"* api/v1/*/serviceaccounts/{name}/token", "TokenRequest",
               "authentication.k8s.io/v1"},
          Kind{"* api/v1/*/serviceaccounts*", "ServiceAccount", "v1"},
          Kind{"* api/v1/*/pods*", "Pod", "v1"},
          Kind{"* apis/rbac*/roles*", "Role", "rbac.authorization.k8s.io/v1"},
          Kind{"* apis/rbac*/rolebindings*", "RoleBinding", "rbac.authorization.k8s.io/v1"},
          Kind{"* apis/*/tokenreviews", "TokenReview", "authentication.k8s.io/v1"},
          Kind{"* apis/*/selfsubjectreviews", "SelfSubjectReview", "authentication.k8s.io/v1"},
          Kind{"* apis/*/selfsubjectaccessreviews", "SelfSubjectAccessReview",
               "authorization.k8s.io/v1"},
          Kind{"* apis/*/selfsubjectrulesreviews", "SelfSubjectRulesReview",
               "authorization.k8s.io/v1"},
          Kind{"* apis/*/localsubjectaccessreviews", "LocalSubjectAccessReview",
               "authorization.k8s.io/v1"},
          Kind{"* apis/*/subjectaccessreviews", "SubjectAccessReview",
               "authorization.k8s.io/v1"}}) {
        words.push_back({key, "kind", {kind}, 0.95});
        words.push_back({key, "apiVersion", {version}, 0.95});
    }
}

void add_objects(KubeWords& words) {
    constexpr std::string_view rbac = "* apis/rbac*";
    const Json attributes{{"namespace", "@{home}"}, {"verb", "get"}, {"resource", "pods"}};
    words.insert(
        words.end(),
        {{"*",
          "data",
          {Json{{"a", "Yg=="}}, Json{{"a.b-c_d", "Yg=="}}, Json{{"a b", "Yg=="}}},
          0.5},
         {"*", "binaryData", {Json{{"b", "Yg=="}}, Json{{"b", "no base64"}}}},
         {"*", "stringData", {Json{{"a", "b"}}}},
         {"*/secrets*", "type", {"Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth", "a"}},
         {"*/serviceaccounts*", "secrets", {Json::array({Json{{"name", "a"}}})}},
         {"*/serviceaccounts*", "imagePullSecrets", {Json::array({Json{{"name", "a"}}})}},
         {"*/token", "spec.audiences", {Json::array({"vault"}), Json::array({"a", "b"})}, 0.5},
         {"*/token", "spec.expirationSeconds", {600, 3600, 599, 4294967297}},
         {"*/token",
          "spec.boundObjectRef",
          {Json{{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", "@{own:a}"}},
           Json{{"kind", "Secret"}, {"apiVersion", "v1"}, {"name", "@{own:b}"}}}},
         // No node of a real cluster takes a pod whose scheduler nobody is.
         {"*/pods*", "spec.schedulerName", {"nobody"}, 1, true},
         {"*/pods*", "spec.nodeName", {""}, 0, true},
         {"*/pods*", "spec.containers", {Json::array({Json{{"name", "a"}, {"image", "a"}}})}, 1},
         // Without the account that admission gives them, the real pods would be others.
         {"*/pods*", "spec.serviceAccountName", {"default", "default", "@{own:nobody}"}, 1, true},
         {"*/pods*", "spec.restartPolicy", {"Always", "Never", "OnFailure"}},
         // Rights that a story gives are of its own accounts, in the run's namespace.
         {rbac,
          "rules",
          {Json::array({Json{{"apiGroups", {""}}, {"resources", {"pods"}}, {"verbs", {"get"}}}}),
           Json::array({Json{{"verbs", {"get"}}}})},
          0.8},
         {rbac,
          "roleRef",
          {Json{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "@{own:a}"}}},
          1,
          true},
         {rbac,
          "subjects",
          {Json::array(
               {Json{{"kind", "ServiceAccount"}, {"name", "@{own:a}"}, {"namespace", "@{home}"}}}),
           Json::array({Json{{"kind", "ServiceAccount"}, {"name", "@{own:a}"}}})},
          0.8,
          true},
         {"*/tokenreviews", "spec.token", {"a.b.c"}, 1},
         {"*/tokenreviews", "spec.audiences", {Json::array({"vault"}), Json::array({"a"})}},
         {"*/subjectaccessreviews", "spec.user", {"@{own:a}", "system:anonymous"}, 1},
         {"*/localsubjectaccessreviews", "spec.user", {"@{own:a}", "system:anonymous"}, 1},
         {"*accessreviews", "spec.resourceAttributes", {attributes}, 0.9},
         {"*rulesreviews", "spec.namespace", {"@{home}"}, 0.9}});
}

}  // namespace

Vocabulary KubeDialect::words() const {
    Vocabulary out;
    add_questions(out.words);
    add_metadata(out.words);
    add_objects(out.words);
    constexpr bool seldom = false;
    out.yields = {{"spec.token", "POST */token", "/status/token"},
                  {"continue", "GET *", "/metadata/continue", seldom},
                  {"metadata.resourceVersion", "* api*", "/metadata/resourceVersion", seldom},
                  {"metadata.uid", "* api*", "/metadata/uid", seldom},
                  {"resourceVersion", "GET *", "/metadata/resourceVersion", seldom}};
    return out;
}

}  // namespace meshproof::twin
