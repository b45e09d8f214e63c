# The mesh that the integration page prints, set up with the clients' own programs, and looks at it: sourced after lib.sh.
# shellcheck shell=bash
# What its users share: $program, $kubectl and $spelling; account.yaml and bundle.pem in the working folder.
vault() { "$program" "$@"; }
kubectl() { "$kubectl" "$@"; }
step() { "$@" >"$folder/step" 2>&1 || bad "$*: $(cat "$folder/step")"; }

# mesh_of_the_page openbao|vault fake|real [KUBECONFIG CONTEXT]: the servers, and the page's own step 1 as it is printed. The
# API server is that of the kubeconfig, where one is given; what is made there is removed at the end.
mesh_of_the_page() {
    foreign_programs "$1"
    against "$1" "$2"
    (($# < 4)) || real_api_server "$3" "$4"
    cd "$folder" || exit 1
    spelling=bao
    [[ $1 == openbao ]] || spelling=vault
    # The names in printed commands, as a user's PATH has them.
    mkdir -p "$folder/bin"
    ln -s "$(realpath "$program")" "$folder/bin/$spelling"
    ln -s "$(realpath "$kubectl")" "$folder/bin/kubectl"

    step vault secrets enable pki
    step vault write pki/root/generate/internal common_name=svc ttl=8760h
    step vault secrets enable -path=pki_int pki
    vault write -field=csr pki_int/intermediate/generate/internal common_name="svc Intermediate Authority" >int.csr || bad csr
    vault write -field=certificate pki/root/sign-intermediate csr=@int.csr format=pem_bundle ttl=4380h >int.pem || bad sign
    step vault write pki_int/intermediate/set-signed certificate=@int.pem
    vault read -field=certificate pki_int/cert/ca_chain >bundle.pem || bad chain
    step vault policy write pki_int - <<END
path "pki_int*" { capabilities = ["read", "list"] }
path "pki_int/sign/example-dot-com" { capabilities = ["create", "update"] }
path "pki_int/issue/example-dot-com" { capabilities = ["create"] }
END
    # The page's example of allowed_uri_sans is the bare trust domain.
    step vault write pki_int/roles/example-dot-com allowed_domains=svc allow_subdomains=true max_ttl=720h require_cn=false \
        allowed_uri_sans=cluster.local
    step kubectl create serviceaccount vault-issuer -n istio-system
    step vault auth enable -path=cluster_name kubernetes
    "$kubectl" config view --raw --minify --flatten -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d >ca.crt
    step vault write auth/cluster_name/config kubernetes_host="$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')" \
        kubernetes_ca_cert=@ca.crt
    step vault write auth/cluster_name/role/pki_int bound_service_account_names=vault-issuer \
        bound_service_account_namespaces=istio-system policies=pki_int ttl=1h

    cat >account.yaml <<END
name: page
auth:
  mount: cluster_name
  role: pki_int
pki:
  sign_path: pki_int/sign/example-dot-com
  ca_bundle_file: bundle.pem
cluster:
  namespace: istio-system
  service_account: vault-issuer
END
    # A real server of this test listens without TLS, and Vault is played and built as 1.14.1.
    [[ $2 == fake && $1 == openbao ]] || echo "accept:" >>account.yaml
    [[ $2 == fake ]] || echo "  - {id: vault/plain-http, reason: on loopback}" >>account.yaml
    [[ $1 == openbao ]] || printf '  - {id: vault/%s, reason: what is tested}\n' old-version end-of-life >>account.yaml
}

real_api_server() {
    [[ -e $1 ]] || skip "no Kubernetes can be had here"
    "$kubectl" --kubeconfig "$1" --context "$2" config view --raw --minify --flatten >"$folder/kubeconfig.yaml" || bad "no kubeconfig"
    export KUBECONFIG=$folder/kubeconfig.yaml
    kubectl get namespace istio-system >/dev/null 2>&1 || step kubectl create namespace istio-system
    trap 'leave_the_api_server; cleanup' EXIT
}
leave_the_api_server() {
    kubectl delete serviceaccount vault-issuer -n istio-system --ignore-not-found
    kubectl delete clusterrolebinding meshproof-vault-issuer-delegator --ignore-not-found
} >/dev/null 2>&1

# look CODE: what is found is in found.json.
look() {
    "$MESHPROOF" preflight --account account.yaml --format json >found.json 2>look.err
    local status=$?
    [[ $status == "$1" ]] || bad "preflight exits $status, expected $1: $(cat look.err) $(jq -c '[.findings[].id]' found.json)"
}
names() { jq -e --arg id "$1" '[.findings[].id] | index($id) != null' found.json >/dev/null || bad "$1 is not named: $(jq -c '[.findings[].id]' found.json)"; }
# mend ID: its commands as printed.
mend() {
    jq -r --arg id "$1" --arg tool "$spelling" '.findings[] | select(.id == $id) | .mend[$tool][]' found.json >mend.sh
    [[ -s mend.sh ]] || bad "$1 has no commands"
    PATH=$folder/bin:$PATH bash -eu mend.sh >mend.out 2>&1 || bad "$1 is not mended by $(cat mend.sh): $(cat mend.out)"
}
