#include "fakes/kube/schema.hpp"

namespace meshproof::fakes::kube {

// The types' fields, taken from the OpenAPI document of kube-apiserver 1.34.4. A type's `!` means
// that apply takes it as one value. Of lists: [] atomic, [set], [map KEYS]; `merge KEY` is the
// strategic merge patch's. {} is a map by text, {!} one that apply takes as one value.
extern const std::string_view schema_text;
const std::string_view schema_text = R"(
AWSElasticBlockStoreVolumeSource: fsType string; partition int32; readOnly bool; volumeID string
Affinity: nodeAffinity NodeAffinity; podAffinity PodAffinity; podAntiAffinity PodAntiAffinity
AggregationRule: clusterRoleSelectors []LabelSelector
AppArmorProfile: localhostProfile string; type string
AttachedVolume: devicePath string; name string
AzureDiskVolumeSource: cachingMode string; diskName string; diskURI string; fsType string; kind
  string; readOnly bool
AzureFileVolumeSource: readOnly bool; secretName string; shareName string
Binding: apiVersion string; kind string; metadata ObjectMeta; target ObjectReference
BoundObjectReference: apiVersion string; kind string; name string; uid string
CSIVolumeSource: driver string; fsType string; nodePublishSecretRef LocalObjectReference;
  readOnly bool; volumeAttributes {}string
Capabilities: add []string; drop []string
CephFSVolumeSource: monitors []string; path string; readOnly bool; secretFile string; secretRef
  LocalObjectReference; user string
CinderVolumeSource: fsType string; readOnly bool; secretRef LocalObjectReference; volumeID
  string
ClientIPConfig: timeoutSeconds int32
ClusterRole: aggregationRule AggregationRule; apiVersion string; kind string; metadata
  ObjectMeta; rules []PolicyRule
ClusterRoleBinding: apiVersion string; kind string; metadata ObjectMeta; roleRef RoleRef;
  subjects []Subject
ClusterTrustBundleProjection: labelSelector LabelSelector; name string; optional bool; path
  string; signerName string
Condition: lastTransitionTime time; message string; observedGeneration int64; reason string;
  status string; type string
ConfigMap: apiVersion string; binaryData {}bytes; data {}string; immutable bool; kind string;
  metadata ObjectMeta
ConfigMapEnvSource: name string; optional bool
ConfigMapKeySelector!: key string; name string; optional bool
ConfigMapNodeConfigSource: kubeletConfigKey string; name string; namespace string;
  resourceVersion string; uid string
ConfigMapProjection: items []KeyToPath; name string; optional bool
ConfigMapVolumeSource: defaultMode int32; items []KeyToPath; name string; optional bool
Container: args []string; command []string; env [map name merge name]EnvVar; envFrom
  []EnvFromSource; image string; imagePullPolicy string; lifecycle Lifecycle; livenessProbe
  Probe; name string; ports [map containerPort,protocol merge containerPort]ContainerPort;
  readinessProbe Probe; resizePolicy []ContainerResizePolicy; resources ResourceRequirements;
  restartPolicy string; restartPolicyRules []ContainerRestartRule; securityContext
  SecurityContext; startupProbe Probe; stdin bool; stdinOnce bool; terminationMessagePath
  string; terminationMessagePolicy string; tty bool; volumeDevices [map devicePath merge
  devicePath]VolumeDevice; volumeMounts [map mountPath merge mountPath]VolumeMount; workingDir
  string
ContainerExtendedResourceRequest: containerName string; requestName string; resourceName string
ContainerImage: names []string; sizeBytes int64
ContainerPort: containerPort int32; hostIP string; hostPort int32; name string; protocol string
ContainerResizePolicy: resourceName string; restartPolicy string
ContainerRestartRule: action string; exitCodes ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator string; values [set]int32
ContainerState: running ContainerStateRunning; terminated ContainerStateTerminated; waiting
  ContainerStateWaiting
ContainerStateRunning: startedAt time
ContainerStateTerminated: containerID string; exitCode int32; finishedAt time; message string;
  reason string; signal int32; startedAt time
ContainerStateWaiting: message string; reason string
ContainerStatus: allocatedResources {}quantity; allocatedResourcesStatus [map name merge
  name]ResourceStatus; containerID string; image string; imageID string; lastState
  ContainerState; name string; ready bool; resources ResourceRequirements; restartCount int32;
  started bool; state ContainerState; stopSignal string; user ContainerUser; volumeMounts [map
  mountPath merge mountPath]VolumeMountStatus
ContainerUser: linux LinuxContainerUser
CustomResourceColumnDefinition: description string; format string; jsonPath string; name string;
  priority int32; type string
CustomResourceConversion: strategy string; webhook WebhookConversion
CustomResourceDefinition: apiVersion string; kind string; metadata ObjectMeta; spec
  CustomResourceDefinitionSpec; status CustomResourceDefinitionStatus
CustomResourceDefinitionCondition: lastTransitionTime time; message string; reason string; status
  string; type string
CustomResourceDefinitionNames: categories []string; kind string; listKind string; plural string;
  shortNames []string; singular string
CustomResourceDefinitionSpec: conversion CustomResourceConversion; group string; names
  CustomResourceDefinitionNames; preserveUnknownFields bool; scope string; versions
  []CustomResourceDefinitionVersion
CustomResourceDefinitionStatus: acceptedNames CustomResourceDefinitionNames; conditions [map
  type]CustomResourceDefinitionCondition; storedVersions []string
CustomResourceDefinitionVersion: additionalPrinterColumns []CustomResourceColumnDefinition;
  deprecated bool; deprecationWarning string; name string; schema CustomResourceValidation;
  selectableFields []SelectableField; served bool; storage bool; subresources
  CustomResourceSubresources
CustomResourceSubresourceScale: labelSelectorPath string; specReplicasPath string;
  statusReplicasPath string
CustomResourceSubresources: scale CustomResourceSubresourceScale; status
  any
CustomResourceValidation: openAPIV3Schema JSONSchemaProps
DaemonEndpoint: Port int32
DeleteOptions: apiVersion string; dryRun []string; gracePeriodSeconds int64;
  ignoreStoreReadErrorWithClusterBreakingPotential bool; kind string; orphanDependents bool;
  preconditions Preconditions; propagationPolicy string
Deployment: apiVersion string; kind string; metadata ObjectMeta; spec DeploymentSpec; status
  DeploymentStatus
DeploymentCondition: lastTransitionTime time; lastUpdateTime time; message string; reason
  string; status string; type string
DeploymentSpec: minReadySeconds int32; paused bool; progressDeadlineSeconds int32; replicas
  int32; revisionHistoryLimit int32; selector LabelSelector; strategy DeploymentStrategy;
  template PodTemplateSpec
DeploymentStatus: availableReplicas int32; collisionCount int32; conditions [map type merge
  type]DeploymentCondition; observedGeneration int64; readyReplicas int32; replicas int32;
  terminatingReplicas int32; unavailableReplicas int32; updatedReplicas int32
DeploymentStrategy: rollingUpdate RollingUpdateDeployment; type string
DownwardAPIProjection: items []DownwardAPIVolumeFile
DownwardAPIVolumeFile: fieldRef ObjectFieldSelector; mode int32; path string; resourceFieldRef
  ResourceFieldSelector
DownwardAPIVolumeSource: defaultMode int32; items []DownwardAPIVolumeFile
EmptyDirVolumeSource: medium string; sizeLimit quantity
EnvFromSource: configMapRef ConfigMapEnvSource; prefix string; secretRef SecretEnvSource
EnvVar: name string; value string; valueFrom EnvVarSource
EnvVarSource: configMapKeyRef ConfigMapKeySelector; fieldRef ObjectFieldSelector; fileKeyRef
  FileKeySelector; resourceFieldRef ResourceFieldSelector; secretKeyRef SecretKeySelector
EphemeralContainer: args []string; command []string; env [map name merge name]EnvVar; envFrom
  []EnvFromSource; image string; imagePullPolicy string; lifecycle Lifecycle; livenessProbe
  Probe; name string; ports [map containerPort,protocol merge containerPort]ContainerPort;
  readinessProbe Probe; resizePolicy []ContainerResizePolicy; resources ResourceRequirements;
  restartPolicy string; restartPolicyRules []ContainerRestartRule; securityContext
  SecurityContext; startupProbe Probe; stdin bool; stdinOnce bool; targetContainerName string;
  terminationMessagePath string; terminationMessagePolicy string; tty bool; volumeDevices [map
  devicePath merge devicePath]VolumeDevice; volumeMounts [map mountPath merge
  mountPath]VolumeMount; workingDir string
EphemeralVolumeSource: volumeClaimTemplate PersistentVolumeClaimTemplate
Event: action string; apiVersion string; count int32; eventTime micro-time; firstTimestamp time;
  involvedObject ObjectReference; kind string; lastTimestamp time; message string; metadata
  ObjectMeta; reason string; related ObjectReference; reportingComponent string;
  reportingInstance string; series EventSeries; source EventSource; type string
EventSeries: count int32; lastObservedTime micro-time
EventSource: component string; host string
EventsEvent: action string; apiVersion string; deprecatedCount int32; deprecatedFirstTimestamp
  time; deprecatedLastTimestamp time; deprecatedSource EventSource; eventTime micro-time; kind
  string; metadata ObjectMeta; note string; reason string; regarding ObjectReference; related
  ObjectReference; reportingController string; reportingInstance string; series EventsEventSeries;
  type string
EventsEventSeries: count int32; lastObservedTime micro-time
Eviction: apiVersion string; deleteOptions DeleteOptions; kind string; metadata ObjectMeta
ExecAction: command []string
ExternalDocumentation: description string; url string
FCVolumeSource: fsType string; lun int32; readOnly bool; targetWWNs []string; wwids []string
FieldSelectorAttributes: rawSelector string; requirements []FieldSelectorRequirement
FieldSelectorRequirement: key string; operator string; values []string
FileKeySelector!: key string; optional bool; path string; volumeName string
FlexVolumeSource: driver string; fsType string; options {}string; readOnly bool; secretRef
  LocalObjectReference
FlockerVolumeSource: datasetName string; datasetUUID string
GCEPersistentDiskVolumeSource: fsType string; partition int32; pdName string; readOnly bool
GRPCAction: port int32; service string
GitRepoVolumeSource: directory string; repository string; revision string
GlusterfsVolumeSource: endpoints string; path string; readOnly bool
HTTPGetAction: host string; httpHeaders []HTTPHeader; path string; port int-or-string; scheme
  string
HTTPHeader: name string; value string
HostAlias: hostnames []string; ip string
HostIP: ip string
HostPathVolumeSource: path string; type string
ISCSIVolumeSource: chapAuthDiscovery bool; chapAuthSession bool; fsType string; initiatorName
  string; iqn string; iscsiInterface string; lun int32; portals []string; readOnly bool;
  secretRef LocalObjectReference; targetPortal string
ImageVolumeSource: pullPolicy string; reference string
JSONSchemaProps: $ref string; $schema string; additionalItems any; additionalProperties any; allOf
  []JSONSchemaProps; anyOf []JSONSchemaProps; default any; definitions {}JSONSchemaProps;
  dependencies {}any; description string; enum []any; example any; exclusiveMaximum bool;
  exclusiveMinimum bool; externalDocs ExternalDocumentation; format string; id string; items
  JSONSchemaProps; maxItems int64; maxLength int64; maxProperties int64; maximum number; minItems
  int64; minLength int64; minProperties int64; minimum number; multipleOf number; not
  JSONSchemaProps; nullable bool; oneOf []JSONSchemaProps; pattern string; patternProperties
  {}JSONSchemaProps; properties {}JSONSchemaProps; required []string; title string; type string;
  uniqueItems bool; x-kubernetes-embedded-resource bool; x-kubernetes-int-or-string bool;
  x-kubernetes-list-map-keys []string; x-kubernetes-list-type string; x-kubernetes-map-type
  string; x-kubernetes-preserve-unknown-fields bool; x-kubernetes-validations [map rule merge
  rule]ValidationRule
KeyToPath: key string; mode int32; path string
LabelSelector!: matchExpressions []LabelSelectorRequirement; matchLabels {}string
LabelSelectorAttributes: rawSelector string; requirements []LabelSelectorRequirement
LabelSelectorRequirement: key string; operator string; values []string
Lease: apiVersion string; kind string; metadata ObjectMeta; spec LeaseSpec
LeaseSpec: acquireTime micro-time; holderIdentity string; leaseDurationSeconds int32;
  leaseTransitions int32; preferredHolder string; renewTime micro-time; strategy string
Lifecycle: postStart LifecycleHandler; preStop LifecycleHandler; stopSignal string
LifecycleHandler: exec ExecAction; httpGet HTTPGetAction; sleep SleepAction; tcpSocket
  TCPSocketAction
LinuxContainerUser: gid int64; supplementalGroups []int64; uid int64
LoadBalancerIngress: hostname string; ip string; ipMode string; ports []PortStatus
LoadBalancerStatus: ingress []LoadBalancerIngress
LocalObjectReference!: name string
LocalSubjectAccessReview: apiVersion string; kind string; metadata ObjectMeta; spec
  SubjectAccessReviewSpec; status SubjectAccessReviewStatus
ManagedFieldsEntry: apiVersion string; fieldsType string; fieldsV1 any; manager string;
  operation string; subresource string; time time
ModifyVolumeStatus: status string; targetVolumeAttributesClassName string
NFSVolumeSource: path string; readOnly bool; server string
Namespace: apiVersion string; kind string; metadata ObjectMeta; spec NamespaceSpec; status
  NamespaceStatus
NamespaceCondition: lastTransitionTime time; message string; reason string; status string; type
  string
NamespaceSpec: finalizers []string
NamespaceStatus: conditions [map type merge type]NamespaceCondition; phase string
Node: apiVersion string; kind string; metadata ObjectMeta; spec NodeSpec; status NodeStatus
NodeAddress: address string; type string
NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm;
  requiredDuringSchedulingIgnoredDuringExecution NodeSelector
NodeCondition: lastHeartbeatTime time; lastTransitionTime time; message string; reason string;
  status string; type string
NodeConfigSource: configMap ConfigMapNodeConfigSource
NodeConfigStatus: active NodeConfigSource; assigned NodeConfigSource; error string;
  lastKnownGood NodeConfigSource
NodeDaemonEndpoints: kubeletEndpoint DaemonEndpoint
NodeFeatures: supplementalGroupsPolicy bool
NodeRuntimeHandler: features NodeRuntimeHandlerFeatures; name string
NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts bool; userNamespaces bool
NodeSelector!: nodeSelectorTerms []NodeSelectorTerm
NodeSelectorRequirement: key string; operator string; values []string
NodeSelectorTerm!: matchExpressions []NodeSelectorRequirement; matchFields
  []NodeSelectorRequirement
NodeSpec: configSource NodeConfigSource; externalID string; podCIDR string; podCIDRs [set
  merge]string; providerID string; taints []Taint; unschedulable bool
NodeStatus: addresses [map type merge type]NodeAddress; allocatable {}quantity; capacity
  {}quantity; conditions [map type merge type]NodeCondition; config NodeConfigStatus;
  daemonEndpoints NodeDaemonEndpoints; features NodeFeatures; images []ContainerImage; nodeInfo
  NodeSystemInfo; phase string; runtimeHandlers []NodeRuntimeHandler; volumesAttached
  []AttachedVolume; volumesInUse []string
NodeSwapStatus: capacity int64
NodeSystemInfo: architecture string; bootID string; containerRuntimeVersion string;
  kernelVersion string; kubeProxyVersion string; kubeletVersion string; machineID string;
  operatingSystem string; osImage string; swap NodeSwapStatus; systemUUID string
NonResourceAttributes: path string; verb string
NonResourceRule: nonResourceURLs []string; verbs []string
ObjectFieldSelector!: apiVersion string; fieldPath string
ObjectMeta: annotations {}string; creationTimestamp time; deletionGracePeriodSeconds int64;
  deletionTimestamp time; finalizers [set merge]string; generateName string; generation int64;
  labels {}string; managedFields []ManagedFieldsEntry; name string; namespace string;
  ownerReferences [map uid merge uid]OwnerReference; resourceVersion string; selfLink string;
  uid string
ObjectReference!: apiVersion string; fieldPath string; kind string; name string; namespace
  string; resourceVersion string; uid string
OwnerReference!: apiVersion string; blockOwnerDeletion bool; controller bool; kind string; name
  string; uid string
PersistentVolumeClaim: apiVersion string; kind string; metadata ObjectMeta; spec
  PersistentVolumeClaimSpec; status PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: lastProbeTime time; lastTransitionTime time; message string;
  reason string; status string; type string
PersistentVolumeClaimSpec: accessModes []string; dataSource TypedLocalObjectReference;
  dataSourceRef TypedObjectReference; resources VolumeResourceRequirements; selector
  LabelSelector; storageClassName string; volumeAttributesClassName string; volumeMode string;
  volumeName string
PersistentVolumeClaimStatus: accessModes []string; allocatedResourceStatuses {}string;
  allocatedResources {}quantity; capacity {}quantity; conditions [map type merge
  type]PersistentVolumeClaimCondition; currentVolumeAttributesClassName string; modifyVolumeStatus
  ModifyVolumeStatus; phase string
PersistentVolumeClaimTemplate: metadata ObjectMeta; spec PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: claimName string; readOnly bool
PhotonPersistentDiskVolumeSource: fsType string; pdID string
Pod: apiVersion string; kind string; metadata ObjectMeta; spec PodSpec; status PodStatus
PodAffinity: preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm;
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
PodAffinityTerm: labelSelector LabelSelector; matchLabelKeys []string; mismatchLabelKeys
  []string; namespaceSelector LabelSelector; namespaces []string; topologyKey string
PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm;
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
PodCertificateProjection: certificateChainPath string; credentialBundlePath string; keyPath
  string; keyType string; maxExpirationSeconds int32; signerName string
PodCondition: lastProbeTime time; lastTransitionTime time; message string; observedGeneration
  int64; reason string; status string; type string
PodDNSConfig: nameservers []string; options []PodDNSConfigOption; searches []string
PodDNSConfigOption: name string; value string
PodExtendedResourceClaimStatus: requestMappings []ContainerExtendedResourceRequest;
  resourceClaimName string
PodIP: ip string
PodOS: name string
PodReadinessGate: conditionType string
PodResourceClaim: name string; resourceClaimName string; resourceClaimTemplateName string
PodResourceClaimStatus: name string; resourceClaimName string
PodSchedulingGate: name string
PodSecurityContext: appArmorProfile AppArmorProfile; fsGroup int64; fsGroupChangePolicy string;
  runAsGroup int64; runAsNonRoot bool; runAsUser int64; seLinuxChangePolicy string;
  seLinuxOptions SELinuxOptions; seccompProfile SeccompProfile; supplementalGroups []int64;
  supplementalGroupsPolicy string; sysctls []Sysctl; windowsOptions
  WindowsSecurityContextOptions
PodSpec: activeDeadlineSeconds int64; affinity Affinity; automountServiceAccountToken bool;
  containers [map name merge name]Container; dnsConfig PodDNSConfig; dnsPolicy string;
  enableServiceLinks bool; ephemeralContainers [map name merge name]EphemeralContainer;
  hostAliases [map ip merge ip]HostAlias; hostIPC bool; hostNetwork bool; hostPID bool;
  hostUsers bool; hostname string; hostnameOverride string; imagePullSecrets [map name merge
  name]LocalObjectReference; initContainers [map name merge name]Container; nodeName string;
  nodeSelector {!}string; os PodOS; overhead {}quantity; preemptionPolicy string; priority int32;
  priorityClassName string; readinessGates []PodReadinessGate; resourceClaims [map name merge
  name]PodResourceClaim; resources ResourceRequirements; restartPolicy string; runtimeClassName
  string; schedulerName string; schedulingGates [map name merge name]PodSchedulingGate;
  securityContext PodSecurityContext; serviceAccount string; serviceAccountName string;
  setHostnameAsFQDN bool; shareProcessNamespace bool; subdomain string;
  terminationGracePeriodSeconds int64; tolerations []Toleration; topologySpreadConstraints [map
  topologyKey,whenUnsatisfiable merge topologyKey]TopologySpreadConstraint; volumes [map name
  merge name]Volume
PodStatus: conditions [map type merge type]PodCondition; containerStatuses []ContainerStatus;
  ephemeralContainerStatuses []ContainerStatus; extendedResourceClaimStatus
  PodExtendedResourceClaimStatus; hostIP string; hostIPs [merge ip]HostIP; initContainerStatuses
  []ContainerStatus; message string; nominatedNodeName string; observedGeneration int64; phase
  string; podIP string; podIPs [map ip merge ip]PodIP; qosClass string; reason string; resize
  string; resourceClaimStatuses [map name merge name]PodResourceClaimStatus; startTime time
PodTemplateSpec: metadata ObjectMeta; spec PodSpec
PolicyRule: apiGroups []string; nonResourceURLs []string; resourceNames []string; resources
  []string; verbs []string
PortStatus: error string; port int32; protocol string
PortworxVolumeSource: fsType string; readOnly bool; volumeID string
Preconditions: resourceVersion string; uid string
PreferredSchedulingTerm: preference NodeSelectorTerm; weight int32
Probe: exec ExecAction; failureThreshold int32; grpc GRPCAction; httpGet HTTPGetAction;
  initialDelaySeconds int32; periodSeconds int32; successThreshold int32; tcpSocket
  TCPSocketAction; terminationGracePeriodSeconds int64; timeoutSeconds int32
ProjectedVolumeSource: defaultMode int32; sources []VolumeProjection
QuobyteVolumeSource: group string; readOnly bool; registry string; tenant string; user string;
  volume string
RBDVolumeSource: fsType string; image string; keyring string; monitors []string; pool string;
  readOnly bool; secretRef LocalObjectReference; user string
ReplicaSet: apiVersion string; kind string; metadata ObjectMeta; spec ReplicaSetSpec; status
  ReplicaSetStatus
ReplicaSetCondition: lastTransitionTime time; message string; reason string; status string; type
  string
ReplicaSetSpec: minReadySeconds int32; replicas int32; selector LabelSelector; template
  PodTemplateSpec
ReplicaSetStatus: availableReplicas int32; conditions [map type merge type]ReplicaSetCondition;
  fullyLabeledReplicas int32; observedGeneration int64; readyReplicas int32; replicas int32;
  terminatingReplicas int32
ResourceAttributes: fieldSelector FieldSelectorAttributes; group string; labelSelector
  LabelSelectorAttributes; name string; namespace string; resource string; subresource string;
  verb string; version string
ResourceClaim: name string; request string
ResourceFieldSelector!: containerName string; divisor quantity; resource string
ResourceHealth: health string; resourceID string
ResourceRequirements: claims [map name]ResourceClaim; limits {}quantity; requests {}quantity
ResourceRule: apiGroups []string; resourceNames []string; resources []string; verbs []string
ResourceStatus: name string; resources [map resourceID]ResourceHealth
Role: apiVersion string; kind string; metadata ObjectMeta; rules []PolicyRule
RoleBinding: apiVersion string; kind string; metadata ObjectMeta; roleRef RoleRef; subjects
  []Subject
RoleRef!: apiGroup string; kind string; name string
RollingUpdateDeployment: maxSurge int-or-string; maxUnavailable int-or-string
RollingUpdateStatefulSetStrategy: maxUnavailable int-or-string; partition int32
SELinuxOptions: level string; role string; type string; user string
Scale: apiVersion string; kind string; metadata ObjectMeta; spec ScaleSpec; status ScaleStatus
ScaleIOVolumeSource: fsType string; gateway string; protectionDomain string; readOnly bool;
  secretRef LocalObjectReference; sslEnabled bool; storageMode string; storagePool string;
  system string; volumeName string
ScaleSpec: replicas int32
ScaleStatus: replicas int32; selector string
SeccompProfile: localhostProfile string; type string
Secret: apiVersion string; data {}bytes; immutable bool; kind string; metadata ObjectMeta;
  stringData {}string; type string
SecretEnvSource: name string; optional bool
SecretKeySelector!: key string; name string; optional bool
SecretProjection: items []KeyToPath; name string; optional bool
SecretVolumeSource: defaultMode int32; items []KeyToPath; optional bool; secretName string
SecurityContext: allowPrivilegeEscalation bool; appArmorProfile AppArmorProfile; capabilities
  Capabilities; privileged bool; procMount string; readOnlyRootFilesystem bool; runAsGroup
  int64; runAsNonRoot bool; runAsUser int64; seLinuxOptions SELinuxOptions; seccompProfile
  SeccompProfile; windowsOptions WindowsSecurityContextOptions
SelectableField: jsonPath string
SelfSubjectAccessReview: apiVersion string; kind string; metadata ObjectMeta; spec
  SelfSubjectAccessReviewSpec; status SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: nonResourceAttributes NonResourceAttributes; resourceAttributes
  ResourceAttributes
SelfSubjectReview: apiVersion string; kind string; metadata ObjectMeta; status
  SelfSubjectReviewStatus
SelfSubjectReviewStatus: userInfo UserInfo
SelfSubjectRulesReview: apiVersion string; kind string; metadata ObjectMeta; spec
  SelfSubjectRulesReviewSpec; status SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec: namespace string
Service: apiVersion string; kind string; metadata ObjectMeta; spec ServiceSpec; status
  ServiceStatus
ServiceAccount: apiVersion string; automountServiceAccountToken bool; imagePullSecrets
  []LocalObjectReference; kind string; metadata ObjectMeta; secrets [map name merge
  name]ObjectReference
ServiceAccountTokenProjection: audience string; expirationSeconds int64; path string
ServicePort: appProtocol string; name string; nodePort int32; port int32; protocol string;
  targetPort int-or-string
ServiceReference: name string; namespace string; path string; port int32
ServiceSpec: allocateLoadBalancerNodePorts bool; clusterIP string; clusterIPs []string;
  externalIPs []string; externalName string; externalTrafficPolicy string; healthCheckNodePort
  int32; internalTrafficPolicy string; ipFamilies []string; ipFamilyPolicy string;
  loadBalancerClass string; loadBalancerIP string; loadBalancerSourceRanges []string; ports [map
  port,protocol merge port]ServicePort; publishNotReadyAddresses bool; selector {!}string;
  sessionAffinity string; sessionAffinityConfig SessionAffinityConfig; trafficDistribution string;
  type string
ServiceStatus: conditions [map type merge type]Condition; loadBalancer LoadBalancerStatus
SessionAffinityConfig: clientIP ClientIPConfig
SleepAction: seconds int64
StatefulSet: apiVersion string; kind string; metadata ObjectMeta; spec StatefulSetSpec; status
  StatefulSetStatus
StatefulSetCondition: lastTransitionTime time; message string; reason string; status string; type
  string
StatefulSetOrdinals: start int32
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted string; whenScaled string
StatefulSetSpec: minReadySeconds int32; ordinals StatefulSetOrdinals;
  persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy;
  podManagementPolicy string; replicas int32; revisionHistoryLimit int32; selector LabelSelector;
  serviceName string; template PodTemplateSpec; updateStrategy StatefulSetUpdateStrategy;
  volumeClaimTemplates []PersistentVolumeClaim
StatefulSetStatus: availableReplicas int32; collisionCount int32; conditions [map type merge
  type]StatefulSetCondition; currentReplicas int32; currentRevision string; observedGeneration
  int64; readyReplicas int32; replicas int32; updateRevision string; updatedReplicas int32
StatefulSetUpdateStrategy: rollingUpdate RollingUpdateStatefulSetStrategy; type string
StorageOSVolumeSource: fsType string; readOnly bool; secretRef LocalObjectReference; volumeName
  string; volumeNamespace string
Subject!: apiGroup string; kind string; name string; namespace string
SubjectAccessReview: apiVersion string; kind string; metadata ObjectMeta; spec
  SubjectAccessReviewSpec; status SubjectAccessReviewStatus
SubjectAccessReviewSpec: extra {}[]string; groups []string; nonResourceAttributes
  NonResourceAttributes; resourceAttributes ResourceAttributes; uid string; user string
SubjectAccessReviewStatus: allowed bool; denied bool; evaluationError string; reason string
SubjectRulesReviewStatus: evaluationError string; incomplete bool; nonResourceRules
  []NonResourceRule; resourceRules []ResourceRule
Sysctl: name string; value string
TCPSocketAction: host string; port int-or-string
Taint: effect string; key string; timeAdded time; value string
TokenRequest: apiVersion string; kind string; metadata ObjectMeta; spec TokenRequestSpec; status
  TokenRequestStatus
TokenRequestSpec: audiences []string; boundObjectRef BoundObjectReference; expirationSeconds
  int64
TokenRequestStatus: expirationTimestamp time; token string
TokenReview: apiVersion string; kind string; metadata ObjectMeta; spec TokenReviewSpec; status
  TokenReviewStatus
TokenReviewSpec: audiences []string; token string
TokenReviewStatus: audiences []string; authenticated bool; error string; user UserInfo
Toleration: effect string; key string; operator string; tolerationSeconds int64; value string
TopologySpreadConstraint: labelSelector LabelSelector; matchLabelKeys []string; maxSkew int32;
  minDomains int32; nodeAffinityPolicy string; nodeTaintsPolicy string; topologyKey string;
  whenUnsatisfiable string
TypedLocalObjectReference!: apiGroup string; kind string; name string
TypedObjectReference: apiGroup string; kind string; name string; namespace string
UserInfo: extra {}[]string; groups []string; uid string; username string
ValidationRule: fieldPath string; message string; messageExpression string; optionalOldSelf bool;
  reason string; rule string
Volume: awsElasticBlockStore AWSElasticBlockStoreVolumeSource; azureDisk AzureDiskVolumeSource;
  azureFile AzureFileVolumeSource; cephfs CephFSVolumeSource; cinder CinderVolumeSource;
  configMap ConfigMapVolumeSource; csi CSIVolumeSource; downwardAPI DownwardAPIVolumeSource;
  emptyDir EmptyDirVolumeSource; ephemeral EphemeralVolumeSource; fc FCVolumeSource; flexVolume
  FlexVolumeSource; flocker FlockerVolumeSource; gcePersistentDisk
  GCEPersistentDiskVolumeSource; gitRepo GitRepoVolumeSource; glusterfs GlusterfsVolumeSource;
  hostPath HostPathVolumeSource; image ImageVolumeSource; iscsi ISCSIVolumeSource; name string;
  nfs NFSVolumeSource; persistentVolumeClaim PersistentVolumeClaimVolumeSource;
  photonPersistentDisk PhotonPersistentDiskVolumeSource; portworxVolume PortworxVolumeSource;
  projected ProjectedVolumeSource; quobyte QuobyteVolumeSource; rbd RBDVolumeSource; scaleIO
  ScaleIOVolumeSource; secret SecretVolumeSource; storageos StorageOSVolumeSource; vsphereVolume
  VsphereVirtualDiskVolumeSource
VolumeDevice: devicePath string; name string
VolumeMount: mountPath string; mountPropagation string; name string; readOnly bool;
  recursiveReadOnly string; subPath string; subPathExpr string
VolumeMountStatus: mountPath string; name string; readOnly bool; recursiveReadOnly string
VolumeProjection: clusterTrustBundle ClusterTrustBundleProjection; configMap
  ConfigMapProjection; downwardAPI DownwardAPIProjection; podCertificate
  PodCertificateProjection; secret SecretProjection; serviceAccountToken
  ServiceAccountTokenProjection
VolumeResourceRequirements: limits {}quantity; requests {}quantity
VsphereVirtualDiskVolumeSource: fsType string; storagePolicyID string; storagePolicyName string;
  volumePath string
WebhookClientConfig: caBundle bytes; service ServiceReference; url string
WebhookConversion: clientConfig WebhookClientConfig; conversionReviewVersions []string
WeightedPodAffinityTerm: podAffinityTerm PodAffinityTerm; weight int32
WindowsSecurityContextOptions: gmsaCredentialSpec string; gmsaCredentialSpecName string;
  hostProcess bool; runAsUserName string
)";

// Texts that have a type of their own in Go, which shows in its messages: by type and field. Of a
// list it is the type of its items.
extern const std::string_view named_texts;
const std::string_view named_texts = R"(
AppArmorProfile: type v1.AppArmorProfileType
AttachedVolume: name v1.UniqueVolumeName
AzureDiskVolumeSource: cachingMode v1.AzureDataDiskCachingMode; kind v1.AzureDataDiskKind
BoundObjectReference: uid types.UID
Capabilities: add v1.Capability; drop v1.Capability
Condition: status v1.ConditionStatus
Container: imagePullPolicy v1.PullPolicy; restartPolicy v1.ContainerRestartPolicy;
  terminationMessagePolicy v1.TerminationMessagePolicy
ContainerPort: protocol v1.Protocol
ContainerResizePolicy: resourceName v1.ResourceName; restartPolicy v1.ResourceResizeRestartPolicy
ContainerRestartRule: action v1.ContainerRestartRuleAction
ContainerRestartRuleOnExitCodes: operator v1.ContainerRestartRuleOnExitCodesOperator
ContainerStatus: stopSignal v1.Signal
DeleteOptions: propagationPolicy v1.DeletionPropagation
DeploymentCondition: status v1.ConditionStatus; type v1.DeploymentConditionType
DeploymentStrategy: type v1.DeploymentStrategyType
EmptyDirVolumeSource: medium v1.StorageMedium
EphemeralContainer: imagePullPolicy v1.PullPolicy; restartPolicy v1.ContainerRestartPolicy;
  terminationMessagePolicy v1.TerminationMessagePolicy
FieldSelectorRequirement: operator v1.FieldSelectorOperator
HTTPGetAction: scheme v1.URIScheme
HostPathVolumeSource: type v1.HostPathType
ImageVolumeSource: pullPolicy v1.PullPolicy
LabelSelectorRequirement: operator v1.LabelSelectorOperator
LeaseSpec: strategy v1.CoordinatedLeaseStrategy
Lifecycle: stopSignal v1.Signal
LoadBalancerIngress: ipMode v1.LoadBalancerIPMode
ManagedFieldsEntry: operation v1.ManagedFieldsOperationType
ModifyVolumeStatus: status v1.PersistentVolumeClaimModifyVolumeStatus
NamespaceCondition: status v1.ConditionStatus; type v1.NamespaceConditionType
NamespaceSpec: finalizers v1.FinalizerName
NamespaceStatus: phase v1.NamespacePhase
NodeAddress: type v1.NodeAddressType
NodeCondition: status v1.ConditionStatus; type v1.NodeConditionType
NodeSelectorRequirement: operator v1.NodeSelectorOperator
NodeStatus: phase v1.NodePhase; volumesInUse v1.UniqueVolumeName
ObjectMeta: uid types.UID
ObjectReference: uid types.UID
OwnerReference: uid types.UID
PersistentVolumeClaimCondition: status v1.ConditionStatus; type
  v1.PersistentVolumeClaimConditionType
PersistentVolumeClaimSpec: accessModes v1.PersistentVolumeAccessMode; volumeMode
  v1.PersistentVolumeMode
PersistentVolumeClaimStatus: accessModes v1.PersistentVolumeAccessMode; phase
  v1.PersistentVolumeClaimPhase
PodCondition: status v1.ConditionStatus; type v1.PodConditionType
PodOS: name v1.OSName
PodReadinessGate: conditionType v1.PodConditionType
PodSecurityContext: fsGroupChangePolicy v1.PodFSGroupChangePolicy; seLinuxChangePolicy
  v1.PodSELinuxChangePolicy; supplementalGroupsPolicy v1.SupplementalGroupsPolicy
PodSpec: dnsPolicy v1.DNSPolicy; preemptionPolicy v1.PreemptionPolicy; restartPolicy
  v1.RestartPolicy
PodStatus: phase v1.PodPhase; qosClass v1.PodQOSClass; resize v1.PodResizeStatus
PortStatus: protocol v1.Protocol
Preconditions: uid types.UID
ReplicaSetCondition: status v1.ConditionStatus; type v1.ReplicaSetConditionType
ResourceHealth: health v1.ResourceHealthStatus; resourceID v1.ResourceID
ResourceStatus: name v1.ResourceName
SeccompProfile: type v1.SeccompProfileType
Secret: type v1.SecretType
SecurityContext: procMount v1.ProcMountType
ServicePort: protocol v1.Protocol
ServiceSpec: externalTrafficPolicy v1.ServiceExternalTrafficPolicy; internalTrafficPolicy
  v1.ServiceInternalTrafficPolicy; ipFamilies v1.IPFamily; ipFamilyPolicy v1.IPFamilyPolicy;
  sessionAffinity v1.ServiceAffinity; type v1.ServiceType
StatefulSetCondition: status v1.ConditionStatus; type v1.StatefulSetConditionType
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted
  v1.PersistentVolumeClaimRetentionPolicyType; whenScaled
  v1.PersistentVolumeClaimRetentionPolicyType
StatefulSetSpec: podManagementPolicy v1.PodManagementPolicyType
StatefulSetUpdateStrategy: type v1.StatefulSetUpdateStrategyType
Taint: effect v1.TaintEffect
Toleration: effect v1.TaintEffect; operator v1.TolerationOperator
TopologySpreadConstraint: nodeAffinityPolicy v1.NodeInclusionPolicy; nodeTaintsPolicy
  v1.NodeInclusionPolicy; whenUnsatisfiable v1.UnsatisfiableConstraintAction
VolumeMount: mountPropagation v1.MountPropagationMode; recursiveReadOnly v1.RecursiveReadOnlyMode
VolumeMountStatus: recursiveReadOnly v1.RecursiveReadOnlyMode
)";

}  // namespace meshproof::fakes::kube
