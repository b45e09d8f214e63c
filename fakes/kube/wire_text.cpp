#include <string_view>

namespace meshproof::fakes::kube {

// The fields of the API's messages in protobuf, from the struct tags of k8s.io/api,
// k8s.io/apimachinery and k8s.io/apiextensions-apiserver v0.34.4: number, name in JSON, type. Behind a name, `*` is a pointer of Go's,
// `!` is in Go's JSON even where it is empty. "." is a message whose fields stand in JSON where it
// does itself. [] is a list, {} a map by text. A message that is a kind has its apiVersion behind
// its name; what is before a dot tells two of one name apart.
extern const std::string_view wire_text;
const std::string_view wire_text = R"(
APIGroup v1: 1 name! string; 2 versions! []GroupVersionForDiscovery; 3 preferredVersion
  GroupVersionForDiscovery; 4 serverAddressByClientCIDRs []ServerAddressByClientCIDR
APIGroupList v1: 1 groups! []APIGroup
APIResource: 1 name! string; 2 namespaced! bool; 3 kind! string; 4 verbs! items; 5 shortNames
  []string; 6 singularName! string; 7 categories []string; 8 group string; 9 version string; 10
  storageVersionHash string
APIResourceList v1: 1 groupVersion! string; 2 resources! []APIResource
APIVersions v1: 1 versions! []string; 2 serverAddressByClientCIDRs! []ServerAddressByClientCIDR
AWSElasticBlockStoreVolumeSource: 1 volumeID! string; 2 fsType string; 3 partition int32; 4
  readOnly bool
Affinity: 1 nodeAffinity* NodeAffinity; 2 podAffinity* PodAffinity; 3 podAntiAffinity*
  PodAntiAffinity
AggregationRule: 1 clusterRoleSelectors []LabelSelector
AppArmorProfile: 1 type! string; 2 localhostProfile* string
AttachedVolume: 1 name! string; 2 devicePath! string
AzureDiskVolumeSource: 1 diskName! string; 2 diskURI! string; 3 cachingMode* string; 4 fsType*
  string; 5 readOnly* bool; 6 kind* string
AzureFileVolumeSource: 1 secretName! string; 2 shareName! string; 3 readOnly bool
Binding v1: 1 metadata ObjectMeta; 2 target! ObjectReference
BoundObjectReference: 1 kind string; 2 apiVersion string; 3 name string; 4 uid string
CSIVolumeSource: 1 driver! string; 2 readOnly* bool; 3 fsType* string; 4 volumeAttributes
  {}string; 5 nodePublishSecretRef* LocalObjectReference
Capabilities: 1 add []string; 2 drop []string
CephFSVolumeSource: 1 monitors! []string; 2 path string; 3 user string; 4 secretFile string; 5
  secretRef* LocalObjectReference; 6 readOnly bool
CinderVolumeSource: 1 volumeID! string; 2 fsType string; 3 readOnly bool; 4 secretRef*
  LocalObjectReference
ClientIPConfig: 1 timeoutSeconds* int32
ClusterRole rbac.authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 rules! []PolicyRule; 3
  aggregationRule* AggregationRule
ClusterRoleBinding rbac.authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 subjects []Subject; 3
  roleRef! RoleRef
ClusterTrustBundleProjection: 1 name* string; 2 signerName* string; 3 labelSelector*
  LabelSelector; 4 path! string; 5 optional* bool
Condition: 1 type! string; 2 status! string; 3 observedGeneration int64; 4 lastTransitionTime!
  time; 5 reason! string; 6 message! string
ConfigMap v1: 1 metadata ObjectMeta; 2 data {}string; 3 binaryData {}bytes; 4 immutable* bool
ConfigMapEnvSource: 1 . LocalObjectReference; 2 optional* bool
ConfigMapKeySelector: 1 . LocalObjectReference; 2 key! string; 3 optional* bool
ConfigMapNodeConfigSource: 1 namespace! string; 2 name! string; 3 uid string; 4 resourceVersion
  string; 5 kubeletConfigKey! string
ConfigMapProjection: 1 . LocalObjectReference; 2 items []KeyToPath; 4 optional* bool
ConfigMapVolumeSource: 1 . LocalObjectReference; 2 items []KeyToPath; 3 defaultMode* int32; 4
  optional* bool
Container: 1 name! string; 2 image string; 3 command []string; 4 args []string; 5 workingDir
  string; 6 ports []ContainerPort; 7 env []EnvVar; 8 resources ResourceRequirements; 9
  volumeMounts []VolumeMount; 10 livenessProbe* Probe; 11 readinessProbe* Probe; 12 lifecycle*
  Lifecycle; 13 terminationMessagePath string; 14 imagePullPolicy string; 15 securityContext*
  SecurityContext; 16 stdin bool; 17 stdinOnce bool; 18 tty bool; 19 envFrom []EnvFromSource; 20
  terminationMessagePolicy string; 21 volumeDevices []VolumeDevice; 22 startupProbe* Probe; 23
  resizePolicy []ContainerResizePolicy; 24 restartPolicy* string; 25 restartPolicyRules
  []ContainerRestartRule
ContainerExtendedResourceRequest: 1 containerName! string; 2 resourceName! string; 3 requestName!
  string
ContainerImage: 1 names! []string; 2 sizeBytes int64
ContainerPort: 1 name string; 2 hostPort int32; 3 containerPort! int32; 4 protocol string; 5
  hostIP string
ContainerResizePolicy: 1 resourceName! string; 2 restartPolicy! string
ContainerRestartRule: 1 action string; 2 exitCodes* ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: 1 operator string; 2 values []int32
ContainerState: 1 waiting* ContainerStateWaiting; 2 running* ContainerStateRunning; 3 terminated*
  ContainerStateTerminated
ContainerStateRunning: 1 startedAt time
ContainerStateTerminated: 1 exitCode! int32; 2 signal int32; 3 reason string; 4 message string; 5
  startedAt time; 6 finishedAt time; 7 containerID string
ContainerStateWaiting: 1 reason string; 2 message string
ContainerStatus: 1 name! string; 2 state ContainerState; 3 lastState ContainerState; 4 ready!
  bool; 5 restartCount! int32; 6 image! string; 7 imageID! string; 8 containerID string; 9
  started* bool; 10 allocatedResources {}quantity; 11 resources* ResourceRequirements; 12
  volumeMounts []VolumeMountStatus; 13 user* ContainerUser; 14 allocatedResourcesStatus
  []ResourceStatus; 15 stopSignal* string
ContainerUser: 1 linux* LinuxContainerUser
CustomResourceColumnDefinition: 1 name! string; 2 type! string; 3 format string; 4 description
  string; 5 priority int32; 6 jsonPath! string
CustomResourceConversion: 1 strategy! string; 2 webhook* WebhookConversion
CustomResourceDefinition apiextensions.k8s.io/v1: 1 metadata ObjectMeta; 2 spec!
  CustomResourceDefinitionSpec; 3 status CustomResourceDefinitionStatus
CustomResourceDefinitionCondition: 1 type! string; 2 status! string; 3 lastTransitionTime time; 4
  reason string; 5 message string
CustomResourceDefinitionNames: 1 plural! string; 2 singular string; 3 shortNames []string; 4 kind!
  string; 5 listKind string; 6 categories []string
CustomResourceDefinitionSpec: 1 group! string; 3 names! CustomResourceDefinitionNames; 4 scope!
  string; 7 versions! []CustomResourceDefinitionVersion; 9 conversion* CustomResourceConversion;
  10 preserveUnknownFields bool
CustomResourceDefinitionStatus: 1 conditions! []CustomResourceDefinitionCondition; 2
  acceptedNames! CustomResourceDefinitionNames; 3 storedVersions! []string
CustomResourceDefinitionVersion: 1 name! string; 2 served! bool; 3 storage! bool; 4 schema*
  CustomResourceValidation; 5 subresources* CustomResourceSubresources; 6 additionalPrinterColumns
  []CustomResourceColumnDefinition; 7 deprecated bool; 8 deprecationWarning* string; 9
  selectableFields []SelectableField
CustomResourceSubresourceScale: 1 specReplicasPath! string; 2 statusReplicasPath! string; 3
  labelSelectorPath* string
CustomResourceSubresources: 1 status* CustomResourceSubresourceStatus; 2 scale*
  CustomResourceSubresourceScale
CustomResourceValidation: 1 openAPIV3Schema* JSONSchemaProps
DaemonEndpoint: 1 Port! int32
DeleteOptions v1: 1 gracePeriodSeconds* int64; 2 preconditions* Preconditions; 3 orphanDependents*
  bool; 4 propagationPolicy* string; 5 dryRun []string; 6
  ignoreStoreReadErrorWithClusterBreakingPotential* bool
Deployment apps/v1: 1 metadata ObjectMeta; 2 spec DeploymentSpec; 3 status DeploymentStatus
DeploymentCondition: 1 type! string; 2 status! string; 4 reason string; 5 message string; 6
  lastUpdateTime time; 7 lastTransitionTime time
DeploymentSpec: 1 replicas* int32; 2 selector* LabelSelector; 3 template! PodTemplateSpec; 4
  strategy DeploymentStrategy; 5 minReadySeconds int32; 6 revisionHistoryLimit* int32; 7 paused
  bool; 9 progressDeadlineSeconds* int32
DeploymentStatus: 1 observedGeneration int64; 2 replicas int32; 3 updatedReplicas int32; 4
  availableReplicas int32; 5 unavailableReplicas int32; 6 conditions []DeploymentCondition; 7
  readyReplicas int32; 8 collisionCount* int32; 9 terminatingReplicas* int32
DeploymentStrategy: 1 type string; 2 rollingUpdate* RollingUpdateDeployment
DownwardAPIProjection: 1 items []DownwardAPIVolumeFile
DownwardAPIVolumeFile: 1 path! string; 2 fieldRef* ObjectFieldSelector; 3 resourceFieldRef*
  ResourceFieldSelector; 4 mode* int32
DownwardAPIVolumeSource: 1 items []DownwardAPIVolumeFile; 2 defaultMode* int32
EmptyDirVolumeSource: 1 medium string; 2 sizeLimit* quantity
EnvFromSource: 1 prefix string; 2 configMapRef* ConfigMapEnvSource; 3 secretRef* SecretEnvSource
EnvVar: 1 name! string; 2 value string; 3 valueFrom* EnvVarSource
EnvVarSource: 1 fieldRef* ObjectFieldSelector; 2 resourceFieldRef* ResourceFieldSelector; 3
  configMapKeyRef* ConfigMapKeySelector; 4 secretKeyRef* SecretKeySelector; 5 fileKeyRef*
  FileKeySelector
EphemeralContainer: 1 . EphemeralContainerCommon; 2 targetContainerName string
EphemeralContainerCommon: 1 name! string; 2 image string; 3 command []string; 4 args []string; 5
  workingDir string; 6 ports []ContainerPort; 7 env []EnvVar; 8 resources ResourceRequirements; 9
  volumeMounts []VolumeMount; 10 livenessProbe* Probe; 11 readinessProbe* Probe; 12 lifecycle*
  Lifecycle; 13 terminationMessagePath string; 14 imagePullPolicy string; 15 securityContext*
  SecurityContext; 16 stdin bool; 17 stdinOnce bool; 18 tty bool; 19 envFrom []EnvFromSource; 20
  terminationMessagePolicy string; 21 volumeDevices []VolumeDevice; 22 startupProbe* Probe; 23
  resizePolicy []ContainerResizePolicy; 24 restartPolicy* string; 25 restartPolicyRules
  []ContainerRestartRule
EphemeralVolumeSource: 1 volumeClaimTemplate* PersistentVolumeClaimTemplate
Event v1: 1 metadata! ObjectMeta; 2 involvedObject! ObjectReference; 3 reason string; 4 message
  string; 5 source EventSource; 6 firstTimestamp time; 7 lastTimestamp time; 8 count int32; 9 type
  string; 10 eventTime micro-time; 11 series* EventSeries; 12 action string; 13 related*
  ObjectReference; 14 reportingComponent! string; 15 reportingInstance! string
EventSeries: 1 count int32; 2 lastObservedTime micro-time
EventSource: 1 component string; 2 host string
Eviction policy/v1: 1 metadata ObjectMeta; 2 deleteOptions* DeleteOptions
ExecAction: 1 command []string
ExternalDocumentation: 1 description string; 2 url string
FCVolumeSource: 1 targetWWNs []string; 2 lun* int32; 3 fsType string; 4 readOnly bool; 5 wwids
  []string
FieldSelectorAttributes: 1 rawSelector string; 2 requirements []FieldSelectorRequirement
FieldSelectorRequirement: 1 key! string; 2 operator! string; 3 values []string
FileKeySelector: 1 volumeName! string; 2 path! string; 3 key! string; 4 optional* bool
FlexVolumeSource: 1 driver! string; 2 fsType string; 3 secretRef* LocalObjectReference; 4 readOnly
  bool; 5 options {}string
FlockerVolumeSource: 1 datasetName string; 2 datasetUUID string
GCEPersistentDiskVolumeSource: 1 pdName! string; 2 fsType string; 3 partition int32; 4 readOnly
  bool
GRPCAction: 1 port! int32; 2 service* string
GitRepoVolumeSource: 1 repository! string; 2 revision string; 3 directory string
GlusterfsVolumeSource: 1 endpoints! string; 2 path! string; 3 readOnly bool
GroupVersionForDiscovery: 1 groupVersion! string; 2 version! string
HTTPGetAction: 1 path string; 2 port! int-or-string; 3 host string; 4 scheme string; 5 httpHeaders
  []HTTPHeader
HTTPHeader: 1 name! string; 2 value! string
HostAlias: 1 ip! string; 2 hostnames []string
HostIP: 1 ip! string
HostPathVolumeSource: 1 path! string; 2 type* string
ISCSIVolumeSource: 1 targetPortal! string; 2 iqn! string; 3 lun! int32; 4 iscsiInterface string; 5
  fsType string; 6 readOnly bool; 7 portals []string; 8 chapAuthDiscovery bool; 10 secretRef*
  LocalObjectReference; 11 chapAuthSession bool; 12 initiatorName* string
ImageVolumeSource: 1 reference string; 2 pullPolicy string
JSONSchemaProps: 1 id string; 2 $schema string; 3 $ref* string; 4 description string; 5 type
  string; 6 format string; 7 title string; 8 default* raw; 9 maximum* double; 10 exclusiveMaximum
  bool; 11 minimum* double; 12 exclusiveMinimum bool; 13 maxLength* int64; 14 minLength* int64; 15
  pattern string; 16 maxItems* int64; 17 minItems* int64; 18 uniqueItems bool; 19 multipleOf*
  double; 20 enum []raw; 21 maxProperties* int64; 22 minProperties* int64; 23 required []string;
  24 items* schema-or-list; 25 allOf []JSONSchemaProps; 26 oneOf []JSONSchemaProps; 27 anyOf
  []JSONSchemaProps; 28 not* JSONSchemaProps; 29 properties {}JSONSchemaProps; 30
  additionalProperties* schema-or-flag; 31 patternProperties {}JSONSchemaProps; 32 dependencies
  {}schema-or-texts; 33 additionalItems* schema-or-flag; 34 definitions {}JSONSchemaProps; 35
  externalDocs* ExternalDocumentation; 36 example* raw; 37 nullable bool; 38
  x-kubernetes-preserve-unknown-fields* bool; 39 x-kubernetes-embedded-resource bool; 40
  x-kubernetes-int-or-string bool; 41 x-kubernetes-list-map-keys []string; 42
  x-kubernetes-list-type* string; 43 x-kubernetes-map-type* string; 44 x-kubernetes-validations
  []ValidationRule
KeyToPath: 1 key! string; 2 path! string; 3 mode* int32
LabelSelector: 1 matchLabels {}string; 2 matchExpressions []LabelSelectorRequirement
LabelSelectorAttributes: 1 rawSelector string; 2 requirements []LabelSelectorRequirement
LabelSelectorRequirement: 1 key! string; 2 operator! string; 3 values []string
Lease coordination.k8s.io/v1: 1 metadata ObjectMeta; 2 spec LeaseSpec
LeaseSpec: 1 holderIdentity* string; 2 leaseDurationSeconds* int32; 3 acquireTime* micro-time; 4
  renewTime* micro-time; 5 leaseTransitions* int32; 6 strategy* string; 7 preferredHolder* string
Lifecycle: 1 postStart* LifecycleHandler; 2 preStop* LifecycleHandler; 3 stopSignal* string
LifecycleHandler: 1 exec* ExecAction; 2 httpGet* HTTPGetAction; 3 tcpSocket* TCPSocketAction; 4
  sleep* SleepAction
LinuxContainerUser: 1 uid! int64; 2 gid! int64; 3 supplementalGroups []int64
ListMeta: 1 selfLink string; 2 resourceVersion string; 3 continue string; 4 remainingItemCount*
  int64
LoadBalancerIngress: 1 ip string; 2 hostname string; 3 ipMode* string; 4 ports []PortStatus
LoadBalancerStatus: 1 ingress []LoadBalancerIngress
LocalObjectReference: 1 name string
LocalSubjectAccessReview authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 spec!
  SubjectAccessReviewSpec; 3 status SubjectAccessReviewStatus
ManagedFieldsEntry: 1 manager string; 2 operation string; 3 apiVersion string; 4 time* time; 6
  fieldsType string; 7 fieldsV1* raw; 8 subresource string
ModifyVolumeStatus: 1 targetVolumeAttributesClassName string; 2 status! string
NFSVolumeSource: 1 server! string; 2 path! string; 3 readOnly bool
Namespace v1: 1 metadata ObjectMeta; 2 spec NamespaceSpec; 3 status NamespaceStatus
NamespaceCondition: 1 type! string; 2 status! string; 4 lastTransitionTime time; 5 reason string;
  6 message string
NamespaceSpec: 1 finalizers []string
NamespaceStatus: 1 phase string; 2 conditions []NamespaceCondition
Node v1: 1 metadata ObjectMeta; 2 spec NodeSpec; 3 status NodeStatus
NodeAddress: 1 type! string; 2 address! string
NodeAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution* NodeSelector; 2
  preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm
NodeCondition: 1 type! string; 2 status! string; 3 lastHeartbeatTime time; 4 lastTransitionTime
  time; 5 reason string; 6 message string
NodeConfigSource: 2 configMap* ConfigMapNodeConfigSource
NodeConfigStatus: 1 assigned* NodeConfigSource; 2 active* NodeConfigSource; 3 lastKnownGood*
  NodeConfigSource; 4 error string
NodeDaemonEndpoints: 1 kubeletEndpoint DaemonEndpoint
NodeFeatures: 1 supplementalGroupsPolicy* bool
NodeRuntimeHandler: 1 name! string; 2 features* NodeRuntimeHandlerFeatures
NodeRuntimeHandlerFeatures: 1 recursiveReadOnlyMounts* bool; 2 userNamespaces* bool
NodeSelector: 1 nodeSelectorTerms! []NodeSelectorTerm
NodeSelectorRequirement: 1 key! string; 2 operator! string; 3 values []string
NodeSelectorTerm: 1 matchExpressions []NodeSelectorRequirement; 2 matchFields
  []NodeSelectorRequirement
NodeSpec: 1 podCIDR string; 2 externalID string; 3 providerID string; 4 unschedulable bool; 5
  taints []Taint; 6 configSource* NodeConfigSource; 7 podCIDRs []string
NodeStatus: 1 capacity {}quantity; 2 allocatable {}quantity; 3 phase string; 4 conditions
  []NodeCondition; 5 addresses []NodeAddress; 6 daemonEndpoints NodeDaemonEndpoints; 7 nodeInfo
  NodeSystemInfo; 8 images []ContainerImage; 9 volumesInUse []string; 10 volumesAttached
  []AttachedVolume; 11 config* NodeConfigStatus; 12 runtimeHandlers []NodeRuntimeHandler; 13
  features* NodeFeatures
NodeSwapStatus: 1 capacity* int64
NodeSystemInfo: 1 machineID! string; 2 systemUUID! string; 3 bootID! string; 4 kernelVersion!
  string; 5 osImage! string; 6 containerRuntimeVersion! string; 7 kubeletVersion! string; 8
  kubeProxyVersion! string; 9 operatingSystem! string; 10 architecture! string; 11 swap*
  NodeSwapStatus
NonResourceAttributes: 1 path string; 2 verb string
NonResourceRule: 1 verbs! []string; 2 nonResourceURLs []string
ObjectFieldSelector: 1 apiVersion string; 2 fieldPath! string
ObjectMeta: 1 name string; 2 generateName string; 3 namespace string; 4 selfLink string; 5 uid
  string; 6 resourceVersion string; 7 generation int64; 8 creationTimestamp time; 9
  deletionTimestamp* time; 10 deletionGracePeriodSeconds* int64; 11 labels {}string; 12
  annotations {}string; 13 ownerReferences []OwnerReference; 14 finalizers []string; 17
  managedFields []ManagedFieldsEntry
ObjectReference: 1 kind string; 2 namespace string; 3 name string; 4 uid string; 5 apiVersion
  string; 6 resourceVersion string; 7 fieldPath string
OwnerReference: 1 kind! string; 3 name! string; 4 uid! string; 5 apiVersion! string; 6 controller*
  bool; 7 blockOwnerDeletion* bool
PartialObjectMetadata meta.k8s.io/v1: 1 metadata ObjectMeta
PersistentVolumeClaim: 1 metadata ObjectMeta; 2 spec PersistentVolumeClaimSpec; 3 status
  PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: 1 type! string; 2 status! string; 3 lastProbeTime time; 4
  lastTransitionTime time; 5 reason string; 6 message string
PersistentVolumeClaimSpec: 1 accessModes []string; 2 resources VolumeResourceRequirements; 3
  volumeName string; 4 selector* LabelSelector; 5 storageClassName* string; 6 volumeMode* string;
  7 dataSource* TypedLocalObjectReference; 8 dataSourceRef* TypedObjectReference; 9
  volumeAttributesClassName* string
PersistentVolumeClaimStatus: 1 phase string; 2 accessModes []string; 3 capacity {}quantity; 4
  conditions []PersistentVolumeClaimCondition; 5 allocatedResources {}quantity; 7
  allocatedResourceStatuses {}string; 8 currentVolumeAttributesClassName* string; 9
  modifyVolumeStatus* ModifyVolumeStatus
PersistentVolumeClaimTemplate: 1 metadata ObjectMeta; 2 spec! PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: 1 claimName! string; 2 readOnly bool
PhotonPersistentDiskVolumeSource: 1 pdID! string; 2 fsType string
Pod v1: 1 metadata ObjectMeta; 2 spec PodSpec; 3 status PodStatus
PodAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm; 2
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodAffinityTerm: 1 labelSelector* LabelSelector; 2 namespaces []string; 3 topologyKey! string; 4
  namespaceSelector* LabelSelector; 5 matchLabelKeys []string; 6 mismatchLabelKeys []string
PodAntiAffinity: 1 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm; 2
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm
PodCertificateProjection: 1 signerName string; 2 keyType string; 3 maxExpirationSeconds* int32; 4
  credentialBundlePath string; 5 keyPath string; 6 certificateChainPath string
PodCondition: 1 type! string; 2 status! string; 3 lastProbeTime time; 4 lastTransitionTime time; 5
  reason string; 6 message string; 7 observedGeneration int64
PodDNSConfig: 1 nameservers []string; 2 searches []string; 3 options []PodDNSConfigOption
PodDNSConfigOption: 1 name string; 2 value* string
PodExtendedResourceClaimStatus: 1 requestMappings! []ContainerExtendedResourceRequest; 2
  resourceClaimName! string
PodIP: 1 ip! string
PodOS: 1 name! string
PodReadinessGate: 1 conditionType! string
PodResourceClaim: 1 name! string; 3 resourceClaimName* string; 4 resourceClaimTemplateName* string
PodResourceClaimStatus: 1 name! string; 2 resourceClaimName* string
PodSchedulingGate: 1 name! string
PodSecurityContext: 1 seLinuxOptions* SELinuxOptions; 2 runAsUser* int64; 3 runAsNonRoot* bool; 4
  supplementalGroups []int64; 5 fsGroup* int64; 6 runAsGroup* int64; 7 sysctls []Sysctl; 8
  windowsOptions* WindowsSecurityContextOptions; 9 fsGroupChangePolicy* string; 10 seccompProfile*
  SeccompProfile; 11 appArmorProfile* AppArmorProfile; 12 supplementalGroupsPolicy* string; 13
  seLinuxChangePolicy* string
PodSpec: 1 volumes []Volume; 2 containers! []Container; 3 restartPolicy string; 4
  terminationGracePeriodSeconds* int64; 5 activeDeadlineSeconds* int64; 6 dnsPolicy string; 7
  nodeSelector {}string; 8 serviceAccountName string; 9 serviceAccount string; 10 nodeName string;
  11 hostNetwork bool; 12 hostPID bool; 13 hostIPC bool; 14 securityContext* PodSecurityContext;
  15 imagePullSecrets []LocalObjectReference; 16 hostname string; 17 subdomain string; 18
  affinity* Affinity; 19 schedulerName string; 20 initContainers []Container; 21
  automountServiceAccountToken* bool; 22 tolerations []Toleration; 23 hostAliases []HostAlias; 24
  priorityClassName string; 25 priority* int32; 26 dnsConfig* PodDNSConfig; 27
  shareProcessNamespace* bool; 28 readinessGates []PodReadinessGate; 29 runtimeClassName* string;
  30 enableServiceLinks* bool; 31 preemptionPolicy* string; 32 overhead {}quantity; 33
  topologySpreadConstraints []TopologySpreadConstraint; 34 ephemeralContainers
  []EphemeralContainer; 35 setHostnameAsFQDN* bool; 36 os* PodOS; 37 hostUsers* bool; 38
  schedulingGates []PodSchedulingGate; 39 resourceClaims []PodResourceClaim; 40 resources*
  ResourceRequirements; 41 hostnameOverride* string
PodStatus: 1 phase string; 2 conditions []PodCondition; 3 message string; 4 reason string; 5
  hostIP string; 6 podIP string; 7 startTime* time; 8 containerStatuses []ContainerStatus; 9
  qosClass string; 10 initContainerStatuses []ContainerStatus; 11 nominatedNodeName string; 12
  podIPs []PodIP; 13 ephemeralContainerStatuses []ContainerStatus; 14 resize string; 15
  resourceClaimStatuses []PodResourceClaimStatus; 16 hostIPs []HostIP; 17 observedGeneration
  int64; 18 extendedResourceClaimStatus* PodExtendedResourceClaimStatus
PodTemplateSpec: 1 metadata ObjectMeta; 2 spec PodSpec
PolicyRule: 1 verbs! []string; 2 apiGroups []string; 3 resources []string; 4 resourceNames
  []string; 5 nonResourceURLs []string
PortStatus: 1 port! int32; 2 protocol! string; 3 error* string
PortworxVolumeSource: 1 volumeID! string; 2 fsType string; 3 readOnly bool
Preconditions: 1 uid* string; 2 resourceVersion* string
PreferredSchedulingTerm: 1 weight! int32; 2 preference! NodeSelectorTerm
Probe: 1 . ProbeHandler; 2 initialDelaySeconds int32; 3 timeoutSeconds int32; 4 periodSeconds
  int32; 5 successThreshold int32; 6 failureThreshold int32; 7 terminationGracePeriodSeconds*
  int64
ProbeHandler: 1 exec* ExecAction; 2 httpGet* HTTPGetAction; 3 tcpSocket* TCPSocketAction; 4 grpc*
  GRPCAction
ProjectedVolumeSource: 1 sources! []VolumeProjection; 2 defaultMode* int32
QuobyteVolumeSource: 1 registry! string; 2 volume! string; 3 readOnly bool; 4 user string; 5 group
  string; 6 tenant string
RBDVolumeSource: 1 monitors! []string; 2 image! string; 3 fsType string; 4 pool string; 5 user
  string; 6 keyring string; 7 secretRef* LocalObjectReference; 8 readOnly bool
ReplicaSet apps/v1: 1 metadata ObjectMeta; 2 spec ReplicaSetSpec; 3 status ReplicaSetStatus
ReplicaSetCondition: 1 type! string; 2 status! string; 3 lastTransitionTime time; 4 reason string;
  5 message string
ReplicaSetSpec: 1 replicas* int32; 2 selector* LabelSelector; 3 template PodTemplateSpec; 4
  minReadySeconds int32
ReplicaSetStatus: 1 replicas! int32; 2 fullyLabeledReplicas int32; 3 observedGeneration int64; 4
  readyReplicas int32; 5 availableReplicas int32; 6 conditions []ReplicaSetCondition; 7
  terminatingReplicas* int32
ResourceAttributes: 1 namespace string; 2 verb string; 3 group string; 4 version string; 5
  resource string; 6 subresource string; 7 name string; 8 fieldSelector* FieldSelectorAttributes;
  9 labelSelector* LabelSelectorAttributes
ResourceClaim: 1 name! string; 2 request string
ResourceFieldSelector: 1 containerName string; 2 resource! string; 3 divisor quantity
ResourceHealth: 1 resourceID! string; 2 health string
ResourceRequirements: 1 limits {}quantity; 2 requests {}quantity; 3 claims []ResourceClaim
ResourceRule: 1 verbs! []string; 2 apiGroups []string; 3 resources []string; 4 resourceNames
  []string
ResourceStatus: 1 name! string; 2 resources []ResourceHealth
Role rbac.authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 rules! []PolicyRule
RoleBinding rbac.authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 subjects []Subject; 3 roleRef!
  RoleRef
RoleRef: 1 apiGroup! string; 2 kind! string; 3 name! string
RollingUpdateDeployment: 1 maxUnavailable* int-or-string; 2 maxSurge* int-or-string
RollingUpdateStatefulSetStrategy: 1 partition* int32; 2 maxUnavailable* int-or-string
SELinuxOptions: 1 user string; 2 role string; 3 type string; 4 level string
Scale autoscaling/v1: 1 metadata ObjectMeta; 2 spec ScaleSpec; 3 status ScaleStatus
ScaleIOVolumeSource: 1 gateway! string; 2 system! string; 3 secretRef* LocalObjectReference; 4
  sslEnabled bool; 5 protectionDomain string; 6 storagePool string; 7 storageMode string; 8
  volumeName string; 9 fsType string; 10 readOnly bool
ScaleSpec: 1 replicas int32
ScaleStatus: 1 replicas! int32; 2 selector string
SeccompProfile: 1 type! string; 2 localhostProfile* string
Secret v1: 1 metadata ObjectMeta; 2 data {}bytes; 3 type string; 4 stringData {}string; 5
  immutable* bool
SecretEnvSource: 1 . LocalObjectReference; 2 optional* bool
SecretKeySelector: 1 . LocalObjectReference; 2 key! string; 3 optional* bool
SecretProjection: 1 . LocalObjectReference; 2 items []KeyToPath; 4 optional* bool
SecretVolumeSource: 1 secretName string; 2 items []KeyToPath; 3 defaultMode* int32; 4 optional*
  bool
SecurityContext: 1 capabilities* Capabilities; 2 privileged* bool; 3 seLinuxOptions*
  SELinuxOptions; 4 runAsUser* int64; 5 runAsNonRoot* bool; 6 readOnlyRootFilesystem* bool; 7
  allowPrivilegeEscalation* bool; 8 runAsGroup* int64; 9 procMount* string; 10 windowsOptions*
  WindowsSecurityContextOptions; 11 seccompProfile* SeccompProfile; 12 appArmorProfile*
  AppArmorProfile
SelectableField: 1 jsonPath! string
SelfSubjectAccessReview authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 spec!
  SelfSubjectAccessReviewSpec; 3 status SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: 1 resourceAttributes* ResourceAttributes; 2 nonResourceAttributes*
  NonResourceAttributes
SelfSubjectReview authentication.k8s.io/v1: 1 metadata ObjectMeta; 2 status
  SelfSubjectReviewStatus
SelfSubjectReviewStatus: 1 userInfo UserInfo
SelfSubjectRulesReview authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 spec!
  SelfSubjectRulesReviewSpec; 3 status SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec: 1 namespace string
ServerAddressByClientCIDR: 1 clientCIDR! string; 2 serverAddress! string
Service v1: 1 metadata ObjectMeta; 2 spec ServiceSpec; 3 status ServiceStatus
ServiceAccount v1: 1 metadata ObjectMeta; 2 secrets []ObjectReference; 3 imagePullSecrets
  []LocalObjectReference; 4 automountServiceAccountToken* bool
ServiceAccountTokenProjection: 1 audience string; 2 expirationSeconds* int64; 3 path! string
ServicePort: 1 name string; 2 protocol string; 3 port! int32; 4 targetPort int-or-string; 5
  nodePort int32; 6 appProtocol* string
ServiceReference: 1 namespace! string; 2 name! string; 3 path* string; 4 port* int32
ServiceSpec: 1 ports []ServicePort; 2 selector {}string; 3 clusterIP string; 4 type string; 5
  externalIPs []string; 7 sessionAffinity string; 8 loadBalancerIP string; 9
  loadBalancerSourceRanges []string; 10 externalName string; 11 externalTrafficPolicy string; 12
  healthCheckNodePort int32; 13 publishNotReadyAddresses bool; 14 sessionAffinityConfig*
  SessionAffinityConfig; 17 ipFamilyPolicy* string; 18 clusterIPs []string; 19 ipFamilies
  []string; 20 allocateLoadBalancerNodePorts* bool; 21 loadBalancerClass* string; 22
  internalTrafficPolicy* string; 23 trafficDistribution* string
ServiceStatus: 1 loadBalancer LoadBalancerStatus; 2 conditions []Condition
SessionAffinityConfig: 1 clientIP* ClientIPConfig
SleepAction: 1 seconds! int64
StatefulSet apps/v1: 1 metadata ObjectMeta; 2 spec StatefulSetSpec; 3 status StatefulSetStatus
StatefulSetCondition: 1 type! string; 2 status! string; 3 lastTransitionTime time; 4 reason
  string; 5 message string
StatefulSetOrdinals: 1 start! int32
StatefulSetPersistentVolumeClaimRetentionPolicy: 1 whenDeleted string; 2 whenScaled string
StatefulSetSpec: 1 replicas* int32; 2 selector* LabelSelector; 3 template! PodTemplateSpec; 4
  volumeClaimTemplates []PersistentVolumeClaim; 5 serviceName! string; 6 podManagementPolicy
  string; 7 updateStrategy StatefulSetUpdateStrategy; 8 revisionHistoryLimit* int32; 9
  minReadySeconds int32; 10 persistentVolumeClaimRetentionPolicy*
  StatefulSetPersistentVolumeClaimRetentionPolicy; 11 ordinals* StatefulSetOrdinals
StatefulSetStatus: 1 observedGeneration int64; 2 replicas! int32; 3 readyReplicas int32; 4
  currentReplicas int32; 5 updatedReplicas int32; 6 currentRevision string; 7 updateRevision
  string; 9 collisionCount* int32; 10 conditions []StatefulSetCondition; 11 availableReplicas!
  int32
StatefulSetUpdateStrategy: 1 type string; 2 rollingUpdate* RollingUpdateStatefulSetStrategy
Status v1: 1 metadata ListMeta; 2 status string; 3 message string; 4 reason string; 5 details*
  StatusDetails; 6 code int32
StatusCause: 1 reason string; 2 message string; 3 field string
StatusDetails: 1 name string; 2 group string; 3 kind string; 4 causes []StatusCause; 5
  retryAfterSeconds int32; 6 uid string
StorageOSVolumeSource: 1 volumeName string; 2 volumeNamespace string; 3 fsType string; 4 readOnly
  bool; 5 secretRef* LocalObjectReference
Subject: 1 kind! string; 2 apiGroup string; 3 name! string; 4 namespace string
SubjectAccessReview authorization.k8s.io/v1: 1 metadata ObjectMeta; 2 spec!
  SubjectAccessReviewSpec; 3 status SubjectAccessReviewStatus
SubjectAccessReviewSpec: 1 resourceAttributes* ResourceAttributes; 2 nonResourceAttributes*
  NonResourceAttributes; 3 user string; 4 groups []string; 5 extra {}items; 6 uid string
SubjectAccessReviewStatus: 1 allowed! bool; 2 reason string; 3 evaluationError string; 4 denied
  bool
SubjectRulesReviewStatus: 1 resourceRules! []ResourceRule; 2 nonResourceRules! []NonResourceRule;
  3 incomplete! bool; 4 evaluationError string
Sysctl: 1 name! string; 2 value! string
TCPSocketAction: 1 port! int-or-string; 2 host string
Taint: 1 key! string; 2 value string; 3 effect! string; 4 timeAdded* time
TokenRequest authentication.k8s.io/v1: 1 metadata ObjectMeta; 2 spec! TokenRequestSpec; 3 status
  TokenRequestStatus
TokenRequestSpec: 1 audiences! []string; 3 boundObjectRef* BoundObjectReference; 4
  expirationSeconds* int64
TokenRequestStatus: 1 token! string; 2 expirationTimestamp! time
TokenReview authentication.k8s.io/v1: 1 metadata ObjectMeta; 2 spec! TokenReviewSpec; 3 status
  TokenReviewStatus
TokenReviewSpec: 1 token string; 2 audiences []string
TokenReviewStatus: 1 authenticated bool; 2 user UserInfo; 3 error string; 4 audiences []string
Toleration: 1 key string; 2 operator string; 3 value string; 4 effect string; 5 tolerationSeconds*
  int64
TopologySpreadConstraint: 1 maxSkew! int32; 2 topologyKey! string; 3 whenUnsatisfiable! string; 4
  labelSelector* LabelSelector; 5 minDomains* int32; 6 nodeAffinityPolicy* string; 7
  nodeTaintsPolicy* string; 8 matchLabelKeys []string
TypedLocalObjectReference: 1 apiGroup* string; 2 kind! string; 3 name! string
TypedObjectReference: 1 apiGroup* string; 2 kind! string; 3 name! string; 4 namespace* string
UserInfo: 1 username string; 2 uid string; 3 groups []string; 4 extra {}items
ValidationRule: 1 rule! string; 2 message string; 3 messageExpression string; 4 reason* string; 5
  fieldPath string; 6 optionalOldSelf* bool
Volume: 1 name! string; 2 . VolumeSource
VolumeDevice: 1 name! string; 2 devicePath! string
VolumeMount: 1 name! string; 2 readOnly bool; 3 mountPath! string; 4 subPath string; 5
  mountPropagation* string; 6 subPathExpr string; 7 recursiveReadOnly* string
VolumeMountStatus: 1 name! string; 2 mountPath! string; 3 readOnly bool; 4 recursiveReadOnly*
  string
VolumeProjection: 1 secret* SecretProjection; 2 downwardAPI* DownwardAPIProjection; 3 configMap*
  ConfigMapProjection; 4 serviceAccountToken* ServiceAccountTokenProjection; 5 clusterTrustBundle*
  ClusterTrustBundleProjection; 6 podCertificate* PodCertificateProjection
VolumeResourceRequirements: 1 limits {}quantity; 2 requests {}quantity
VolumeSource: 1 hostPath* HostPathVolumeSource; 2 emptyDir* EmptyDirVolumeSource; 3
  gcePersistentDisk* GCEPersistentDiskVolumeSource; 4 awsElasticBlockStore*
  AWSElasticBlockStoreVolumeSource; 5 gitRepo* GitRepoVolumeSource; 6 secret* SecretVolumeSource;
  7 nfs* NFSVolumeSource; 8 iscsi* ISCSIVolumeSource; 9 glusterfs* GlusterfsVolumeSource; 10
  persistentVolumeClaim* PersistentVolumeClaimVolumeSource; 11 rbd* RBDVolumeSource; 12
  flexVolume* FlexVolumeSource; 13 cinder* CinderVolumeSource; 14 cephfs* CephFSVolumeSource; 15
  flocker* FlockerVolumeSource; 16 downwardAPI* DownwardAPIVolumeSource; 17 fc* FCVolumeSource; 18
  azureFile* AzureFileVolumeSource; 19 configMap* ConfigMapVolumeSource; 20 vsphereVolume*
  VsphereVirtualDiskVolumeSource; 21 quobyte* QuobyteVolumeSource; 22 azureDisk*
  AzureDiskVolumeSource; 23 photonPersistentDisk* PhotonPersistentDiskVolumeSource; 24
  portworxVolume* PortworxVolumeSource; 25 scaleIO* ScaleIOVolumeSource; 26 projected*
  ProjectedVolumeSource; 27 storageos* StorageOSVolumeSource; 28 csi* CSIVolumeSource; 29
  ephemeral* EphemeralVolumeSource; 30 image* ImageVolumeSource
VsphereVirtualDiskVolumeSource: 1 volumePath! string; 2 fsType string; 3 storagePolicyName string;
  4 storagePolicyID string
WebhookClientConfig: 1 service* ServiceReference; 2 caBundle bytes; 3 url* string
WebhookConversion: 2 clientConfig* WebhookClientConfig; 3 conversionReviewVersions! []string
WeightedPodAffinityTerm: 1 weight! int32; 2 podAffinityTerm! PodAffinityTerm
WindowsSecurityContextOptions: 1 gmsaCredentialSpecName* string; 2 gmsaCredentialSpec* string; 3
  runAsUserName* string; 4 hostProcess* bool
events.Event events.k8s.io/v1: 1 metadata! ObjectMeta; 2 eventTime! micro-time; 3 series*
  events.EventSeries; 4 reportingController string; 5 reportingInstance string; 6 action string; 7
  reason string; 8 regarding ObjectReference; 9 related* ObjectReference; 10 note string; 11 type
  string; 12 deprecatedSource EventSource; 13 deprecatedFirstTimestamp time; 14
  deprecatedLastTimestamp time; 15 deprecatedCount int32
events.EventSeries: 1 count! int32; 2 lastObservedTime! micro-time
)";

}  // namespace meshproof::fakes::kube
