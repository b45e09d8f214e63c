"""The kubernetes package through what a mesh and a Vault need of an API server. KUBECONFIG says where.

kubernetes_client.py [CONTEXT]
"""

import base64
import json
import secrets
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what)


def refused(status, reason, text, call, *arguments, **options):
    try:
        answer = call(*arguments, **options)
    except ApiException as error:
        body = json.loads(error.body)
        check(error.status == status, f"{call.__name__}: {error.status}, expected {status}")
        check(
            body["kind"] == "Status" and body["reason"] == reason and text in body["message"],
            f"{call.__name__}: {body}",
        )
    else:
        check(False, f"{call.__name__} is not refused: {answer}")


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


config.load_kube_config(context=sys.argv[1] if len(sys.argv) > 1 else None)
core = client.CoreV1Api()
rbac = client.RbacAuthorizationV1Api()
authentication = client.AuthenticationV1Api()
authorization = client.AuthorizationV1Api()
api = "https://kubernetes.default.svc"

check(client.VersionApi().get_code().git_version == "v1.34.4", "the version")
check("authentication.k8s.io" in [group.name for group in client.ApisApi().get_api_versions().groups], "API groups")
check(client.WellKnownApi().get_service_account_issuer_open_id_configuration().find(api) >= 0, "the issuer")
check("keys" in client.OpenidApi().get_service_account_issuer_open_id_keyset(), "the issuer's keys")

# A namespace of its own, so that it can run where others are.
space = "python-" + secrets.token_hex(4)
core.create_namespace({"metadata": {"name": space, "labels": {"made-by": "meshproof-test"}}})
try:
    check(core.read_namespace(space).status.phase == "Active", "the namespace")
    refused(409, "AlreadyExists", space, core.create_namespace, {"metadata": {"name": space}})
    refused(404, "NotFound", 'namespaces "absent" not found', core.read_namespace, "absent")

    # Service accounts.
    app = core.create_namespaced_service_account(space, {"metadata": {"name": "app", "labels": {"team": "one"}}})
    check(len(app.metadata.uid) == 36 and app.metadata.creation_timestamp is not None, "a service account")
    refused(
        409,
        "AlreadyExists",
        'serviceaccounts "app" already exists',
        core.create_namespaced_service_account,
        space,
        {"metadata": {"name": "app"}},
    )
    refused(
        422,
        "Invalid",
        'metadata.name: Invalid value: "Bad_Name"',
        core.create_namespaced_service_account,
        space,
        {"metadata": {"name": "Bad_Name"}},
    )
    refused(
        404, "NotFound", 'serviceaccounts "absent" not found', core.read_namespaced_service_account, "absent", space
    )
    found = core.list_namespaced_service_account(space, label_selector="team=one").items
    check([item.metadata.name for item in found] == ["app"], "service accounts by label")
    patched = core.patch_namespaced_service_account("app", space, {"metadata": {"annotations": {"a": "b"}}})
    check(
        patched.metadata.annotations["a"] == "b" and patched.metadata.resource_version != app.metadata.resource_version,
        "a patch",
    )
    stale = core.read_namespaced_service_account("app", space)
    core.patch_namespaced_service_account("app", space, {"metadata": {"annotations": {"a": "c"}}})
    refused(
        409, "Conflict", "the object has been modified", core.replace_namespaced_service_account, "app", space, stale
    )

    # Secrets.
    core.create_namespaced_secret(
        space, client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"})
    )
    read = core.read_namespaced_secret("s", space)
    check(base64.b64decode(read.data["a"]) == b"b" and read.type == "Opaque", "a secret")
    read.data["c"] = base64.b64encode(b"d").decode()
    check(set(core.replace_namespaced_secret("s", space, read).data) == {"a", "c"}, "a replaced secret")
    check("s" in [item.metadata.name for item in core.list_namespaced_secret(space).items], "secrets")
    check(core.delete_namespaced_secret("s", space).status == "Success", "a deleted secret")
    refused(404, "NotFound", 'secrets "s" not found', core.delete_namespaced_secret, "s", space)
    legacy = {"metadata": {"name": "legacy"}, "type": "kubernetes.io/service-account-token"}
    refused(
        422,
        "Invalid",
        "metadata.annotations[kubernetes.io/service-account.name]: Required value",
        core.create_namespaced_secret,
        space,
        legacy,
    )

    # Token requests and reviews.
    def token_of(account="app", **spec):
        return core.create_namespaced_service_account_token(account, space, {"spec": spec})

    def review(token, **spec):
        return authentication.create_token_review({"spec": {"token": token, **spec}}).status

    made = token_of()
    check(made.spec.expiration_seconds == 3600 and made.spec.audiences == [api], "a token's defaults")
    held = claims(made.status.token)
    check(
        held["sub"] == f"system:serviceaccount:{space}:app"
        and held["aud"] == [api]
        and held["exp"] - held["iat"] == 3600,
        f"claims: {held}",
    )
    check(held["kubernetes.io"]["serviceaccount"] == {"name": "app", "uid": app.metadata.uid}, "the account's claim")
    status = review(made.status.token)
    check(status.authenticated is True and status.audiences == [api], "a review")
    check(
        status.user.username == f"system:serviceaccount:{space}:app" and status.user.uid == app.metadata.uid,
        "whose it is",
    )
    check(
        status.user.groups == ["system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"],
        "groups",
    )
    check("authentication.kubernetes.io/credential-id" in status.user.extra, "the credential's id")
    check("invalid bearer token" in review("junk").error and review("junk").authenticated is None, "junk")
    other = token_of(audiences=["vault"], expirationSeconds=600).status.token
    check("is invalid for the target audiences" in review(other).error, "another audience")
    check(review(other, audiences=["vault", "x"]).audiences == ["vault"], "the audience asked for")
    head, body, tail = made.status.token.split(".")
    check("invalid bearer token" in review(".".join([head, body, tail[:-6] + "AAAAAA"])).error, "a bad signature")
    refused(422, "Invalid", "may not specify a duration less than 10 minutes", token_of, expirationSeconds=60)
    refused(404, "NotFound", 'serviceaccounts "absent" not found', token_of, "absent")
    refused(
        400,
        "BadRequest",
        "token is required for TokenReview in authentication",
        authentication.create_token_review,
        {"spec": {"token": ""}},
    )
    me = client.AuthenticationV1Api().create_self_subject_review({})
    check("system:masters" in me.status.user_info.groups, "who I am")

    # Pods, and tokens that end with them.
    listed = core.list_namespaced_pod(space)
    check(listed.items == [], "no pods")
    pod = {
        "metadata": {"name": "p", "labels": {"app": "p"}},
        "spec": {"serviceAccountName": "app", "containers": [{"name": "c", "image": "meshproof.invalid/pause"}]},
    }
    made = core.create_namespaced_pod(space, pod)
    check(made.status.phase == "Pending" and made.spec.restart_policy == "Always", "a pod")
    bound = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": made.metadata.uid}
    of_pod = token_of(boundObjectRef=bound).status.token
    check(claims(of_pod)["kubernetes.io"]["pod"]["name"] == "p", "the pod's claim")
    check(review(of_pod).user.extra["authentication.kubernetes.io/pod-name"] == ["p"], "the pod of a token")
    unseen = token_of(boundObjectRef=bound).status.token
    core.patch_namespaced_pod("p", space, {"metadata": {"labels": {"seen": "yes"}}})
    core.delete_namespaced_pod("p", space, grace_period_seconds=0)
    # The API server's own view of its pods follows a moment later.
    limit = time.monotonic() + 20
    while (said := review(unseen).error) is None and time.monotonic() < limit:
        pass
    check("service account token has been invalidated" in (said or ""), "the token of a pod that is gone")
    refused(404, "NotFound", 'pods "p" not found', core.read_namespaced_pod, "p", space)

    # A watch from the list sees all of that, in order, and ends when asked.
    seen = []
    watching = watch.Watch()
    for event in watching.stream(
        core.list_namespaced_pod, space, resource_version=listed.metadata.resource_version, timeout_seconds=20
    ):
        seen.append(event["type"])
        if event["type"] == "DELETED":
            watching.stop()
    check(seen[0] == "ADDED" and seen[-1] == "DELETED" and "MODIFIED" in seen, f"the watch saw {seen}")
    ended = [
        event["type"]
        for event in watch.Watch().stream(core.list_namespaced_pod, space, label_selector="app=none", timeout_seconds=1)
    ]
    check(ended == [], f"a watch for nothing saw {ended}")

    # What a service account may, as itself.
    def as_bearer(token):
        mine = client.Configuration.get_default_copy()
        mine.api_key = {"authorization": "Bearer " + token}
        # What else would speak for the kubeconfig's user.
        mine.cert_file = mine.key_file = mine.refresh_api_key_hook = None
        return client.ApiClient(mine)

    own = client.CoreV1Api(as_bearer(token_of().status.token))
    refused(
        403,
        "Forbidden",
        f'pods is forbidden: User "system:serviceaccount:{space}:app" cannot list resource "pods"',
        own.list_namespaced_pod,
        space,
    )
    attributes = {"namespace": space, "verb": "list", "resource": "pods"}
    mine = client.AuthorizationV1Api(own.api_client)
    check(
        mine.create_self_subject_access_review({"spec": {"resourceAttributes": attributes}}).status.allowed is False,
        "may not",
    )
    rbac.create_namespaced_role(
        space, {"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}
    )
    rbac.create_namespaced_role_binding(
        space,
        {
            "metadata": {"name": "r"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "app", "namespace": space}],
        },
    )
    # RBAC's caches learn of it in their own time.
    tries = 0
    while not mine.create_self_subject_access_review({"spec": {"resourceAttributes": attributes}}).status.allowed:
        tries += 1
        if tries == 2000:
            check(False, "may, after the binding")
            break
    check(own.list_namespaced_pod(space).items == [], "lists")
    asked = {"user": f"system:serviceaccount:{space}:app", "resourceAttributes": attributes}
    check(
        authorization.create_subject_access_review({"spec": asked}).status.allowed is True,
        "a review of what another may",
    )
    refused(
        403,
        "Forbidden",
        "tokenreviews.authentication.k8s.io is forbidden",
        client.AuthenticationV1Api(own.api_client).create_token_review,
        {"spec": {"token": "x"}},
    )

    # A namesake is somebody else.
    old = token_of().status.token
    core.delete_namespaced_service_account("app", space)
    check(
        "not found" in review(old).error or "does not match claim" in review(old).error,
        "the token of an account that is gone",
    )
    core.create_namespaced_service_account(space, {"metadata": {"name": "app"}})
    check("does not match claim" in review(old).error, f"the token of a namesake: {review(old)}")

    # A wrong token.
    wrong = client.CoreV1Api(as_bearer("wrong"))
    refused(401, "Unauthorized", "Unauthorized", wrong.list_namespaced_pod, space)
finally:
    core.delete_namespace(space)

sys.exit(1 if failures else 0)
