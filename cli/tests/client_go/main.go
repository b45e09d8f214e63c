// client-go's typed clients, unmodified, in protobuf as controllers speak it: every call must come back as Go's types.
//
//	client_go KUBECONFIG [CONTEXT]
//
// Exit code 0 where all was as a kube-apiserver 1.34.4 has it, else 1 with a line each.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const protobuf = "application/vnd.kubernetes.protobuf"

var failures int

func bad(format string, arguments ...any) {
	failures++
	fmt.Printf("FAILED: "+format+"\n", arguments...)
}

// done is for calls whose failure leaves nothing to go on with.
func done[T any](value T, err error) func(what string) T {
	return func(what string) T {
		if err != nil {
			fmt.Printf("FAILED: %s: %v\n", what, err)
			os.Exit(1)
		}
		return value
	}
}

func same(what string, got, expected any) {
	if !reflect.DeepEqual(got, expected) {
		bad("%s is %v, expected %v", what, got, expected)
	}
}

// forms remembers what the server's answers were written in.
type forms struct {
	inner http.RoundTripper
	lock  sync.Mutex
	odd   []string
}

func (f *forms) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := f.inner.RoundTrip(request)
	if err == nil && !strings.HasPrefix(response.Header.Get("Content-Type"), protobuf) {
		f.lock.Lock()
		f.odd = append(f.odd, fmt.Sprintf("%s %s: %s", request.Method, request.URL.Path, response.Header.Get("Content-Type")))
		f.lock.Unlock()
	}
	return response, err
}

func configuration(seen *forms) *rest.Config {
	if len(os.Args) < 2 {
		fmt.Println("usage: client_go KUBECONFIG [CONTEXT]")
		os.Exit(2)
	}
	overrides := &clientcmd.ConfigOverrides{}
	if len(os.Args) > 2 {
		overrides.CurrentContext = os.Args[2]
	}
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: os.Args[1]}
	config := done(clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig())("the kubeconfig")
	config.ContentType = protobuf
	config.AcceptContentTypes = protobuf
	config.QPS, config.Burst = 100, 200
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper {
		seen.inner = inner
		return seen
	})
	return config
}

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: "app",
			Containers: []corev1.Container{{
				Name: "web", Image: "web",
				Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m")}},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
					HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}}},
				Env: []corev1.EnvVar{{Name: "KEY", ValueFrom: &corev1.EnvVarSource{
					SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k"}}}},
			}},
			Volumes: []corev1.Volume{{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
}

func pods(ctx context.Context, client kubernetes.Interface, namespace string) {
	api := client.CoreV1().Pods(namespace)
	made := done(api.Create(ctx, pod("a"), metav1.CreateOptions{}))("creating a pod")
	same("the restart policy", made.Spec.RestartPolicy, corev1.RestartPolicyAlways)
	same("the request", made.Spec.Containers[0].Resources.Requests.Cpu().String(), "100m")
	same("the probe's port", made.Spec.Containers[0].ReadinessProbe.HTTPGet.Port.String(), "http")
	same("the key's secret", made.Spec.Containers[0].Env[0].ValueFrom.SecretKeyRef.Name, "s")
	if made.Spec.Volumes[0].EmptyDir == nil {
		bad("the volume lost its source")
	}
	if made.CreationTimestamp.IsZero() || made.UID == "" || len(made.ManagedFields) == 0 {
		bad("the pod has no server-made metadata: %v", made.ObjectMeta)
	}
	watching := done(api.Watch(ctx, metav1.ListOptions{ResourceVersion: made.ResourceVersion}))("watching pods")
	made.Labels["version"] = "2"
	updated := done(api.Update(ctx, made, metav1.UpdateOptions{}))("updating a pod")
	same("a label", updated.Labels["version"], "2")
	updated.Status.Phase = corev1.PodRunning
	updated.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", Ready: true, RestartCount: 0,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}}}
	running := done(api.UpdateStatus(ctx, updated, metav1.UpdateOptions{}))("updating a pod's status")
	same("the phase", running.Status.Phase, corev1.PodRunning)
	same("ready", running.Status.ContainerStatuses[0].Ready, true)
	patched := done(api.Patch(ctx, "a", types.StrategicMergePatchType, []byte(`{"metadata":{"annotations":{"x":"y"}}}`),
		metav1.PatchOptions{}))("patching a pod")
	same("an annotation", patched.Annotations["x"], "y")
	list := done(api.List(ctx, metav1.ListOptions{LabelSelector: "app=web"}))("listing pods")
	same("the pods", len(list.Items), 1)
	same("what the list has", list.Items[0].Status.Phase, corev1.PodRunning)
	_, err := api.Update(ctx, made, metav1.UpdateOptions{})
	same("an old version is a conflict", apierrors.IsConflict(err), true)
	_, err = api.Get(ctx, "none", metav1.GetOptions{})
	same("no pod is not found", apierrors.IsNotFound(err), true)
	_, err = api.Create(ctx, pod("a"), metav1.CreateOptions{})
	same("another of its name exists already", apierrors.IsAlreadyExists(err), true)
	_, err = api.Create(ctx, pod("No Name"), metav1.CreateOptions{})
	same("a bad name is invalid", apierrors.IsInvalid(err), true)
	now := int64(0)
	if err := api.Delete(ctx, "a", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		bad("deleting a pod: %v", err)
	}
	var told []string
	for event := range watching.ResultChan() {
		told = append(told, string(event.Type))
		if object, is := event.Object.(*corev1.Pod); !is || object.Name != "a" {
			bad("the event's object is %v", event.Object)
		}
		if event.Type == watch.Deleted {
			break
		}
	}
	// A deletion may first be seen as the change that it is.
	same("what the watch told first", strings.Join(told[:min(3, len(told))], " "), "MODIFIED MODIFIED MODIFIED")
	watching.Stop()
}

func workloads(ctx context.Context, client kubernetes.Interface, namespace string) {
	api := client.AppsV1().Deployments(namespace)
	replicas, surge := int32(2), intstr.FromString("25%")
	labels := map[string]string{"app": "d"}
	made := done(api.Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "d"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod("").Spec},
		},
	}, metav1.CreateOptions{}))("creating a deployment")
	same("the strategy", made.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	same("the surge", made.Spec.Strategy.RollingUpdate.MaxSurge.String(), "25%")
	scale := done(api.GetScale(ctx, "d", metav1.GetOptions{}))("reading the scale")
	same("the scale", scale.Spec.Replicas, int32(2))
	scale.Spec.Replicas = 0
	scale.ResourceVersion = "" // of whichever version: a real controller writes the deployment's status meanwhile
	scaled := done(api.UpdateScale(ctx, "d", scale, metav1.UpdateOptions{}))("writing the scale")
	same("the new scale", scaled.Spec.Replicas, int32(0))
	list := done(client.AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{}))("listing replica sets")
	for _, set := range list.Items {
		same("a replica set's owner", set.OwnerReferences[0].Name, "d")
	}
	if err := api.Delete(ctx, "d", metav1.DeleteOptions{}); err != nil {
		bad("deleting a deployment: %v", err)
	}
}

func accounts(ctx context.Context, client kubernetes.Interface, namespace string) {
	no := false
	account := done(client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Name: "app"}, AutomountServiceAccountToken: &no}, metav1.CreateOptions{}))("creating an account")
	same("false is not nothing", *account.AutomountServiceAccountToken, false)
	seconds := int64(600)
	request := done(client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "app", &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{Audiences: []string{"vault"}, ExpirationSeconds: &seconds}},
		metav1.CreateOptions{}))("requesting a token")
	if left := time.Until(request.Status.ExpirationTimestamp.Time); left <= 0 || left > 11*time.Minute {
		bad("the token lives %v", left)
	}
	review := done(client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: request.Status.Token, Audiences: []string{"vault"}}},
		metav1.CreateOptions{}))("reviewing a token")
	same("authenticated", review.Status.Authenticated, true)
	same("the user", review.Status.User.Username, "system:serviceaccount:"+namespace+":app")
	done(client.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "r"},
		Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}}}},
		metav1.CreateOptions{}))("creating a role")
	binding := done(client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "r"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "app", Namespace: namespace}},
		RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "r"}},
		metav1.CreateOptions{}))("creating a binding")
	same("its role", binding.RoleRef.Name, "r")
	access := done(client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: "get", Resource: "secrets"}}}, metav1.CreateOptions{}))("reviewing access")
	same("allowed", access.Status.Allowed, true)
	secret := done(client.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"},
		Data: map[string][]byte{"raw": {0, 1, 255}, "none": {}}}, metav1.CreateOptions{}))("creating a secret")
	same("its bytes", secret.Data["raw"], []byte{0, 1, 255})
}

// caches are what controllers read from: lists and watches behind an informer, of metadata alone too.
func caches(ctx context.Context, client kubernetes.Interface, config *rest.Config, namespace string) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps().Informer()
	seen := make(chan string, 100)
	done(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		seen <- object.(*corev1.ConfigMap).Name
	}}))("an informer's handler")
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		bad("the informer did not read its list")
		return
	}
	done(client.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "later"}, Data: map[string]string{"a": "b"}}, metav1.CreateOptions{}))("creating a map")
	for name := ""; name != "later"; {
		select {
		case name = <-seen:
		case <-ctx.Done():
			bad("the informer saw nothing of the new map")
			return
		}
	}
	light := done(metadata.NewForConfig(config))("a metadata client")
	maps := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	list := done(light.Resource(maps).Namespace(namespace).List(ctx, metav1.ListOptions{}))("listing metadata")
	found := false
	for _, item := range list.Items {
		found = found || item.Name == "later"
	}
	same("the map's metadata is listed", found, true)
	one := done(light.Resource(maps).Namespace(namespace).Get(ctx, "later", metav1.GetOptions{}))("reading metadata")
	same("its name", one.Name, "later")
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	seen := &forms{}
	config := configuration(seen)
	client := done(kubernetes.NewForConfig(config))("the client")
	space := done(client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "client-go-"}}, metav1.CreateOptions{}))("creating a namespace")
	accounts(ctx, client, space.Name)
	pods(ctx, client, space.Name)
	workloads(ctx, client, space.Name)
	caches(ctx, client, config, space.Name)
	if err := client.CoreV1().Namespaces().Delete(ctx, space.Name, metav1.DeleteOptions{}); err != nil {
		bad("deleting the namespace: %v", err)
	}
	for _, answer := range seen.odd {
		bad("an answer is no protobuf: %s", answer)
	}
	if failures > 0 {
		fmt.Printf("%d failed\n", failures)
		os.Exit(1)
	}
	fmt.Println("all as expected")
}
