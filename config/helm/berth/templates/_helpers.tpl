{{- define "berth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "berth.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "berth.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "berth.selectorLabels" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "berth.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "berth.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "berth.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "berth.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{/* Whether the chart makes the user "admin": nothing else says who may do what. */}}
{{- define "berth.makesAdmin" -}}
{{- if not (or .Values.secrets.htpasswd .Values.secrets.existingSecret (hasKey .Values.configData "access")) }}true{{ end }}
{{- end }}

{{- define "berth.usersSecretName" -}}
{{- if .Values.secrets.existingSecret }}{{ .Values.secrets.existingSecret }}
{{- else if or .Values.secrets.htpasswd (include "berth.makesAdmin" .) }}{{ include "berth.fullname" . }}-users
{{- end }}
{{- end }}

{{- define "berth.proxySecretName" -}}
{{- if .Values.proxy.enabled }}
{{- if .Values.proxy.secretRef }}{{ .Values.proxy.secretRef }}
{{- else if and .Values.proxy.username .Values.proxy.password }}{{ include "berth.fullname" . }}-upstream
{{- end }}
{{- end }}
{{- end }}

{{- define "berth.s3SecretName" -}}
{{- if eq .Values.storage "s3" }}
{{- if .Values.secrets.s3.secretRef }}{{ .Values.secrets.s3.secretRef }}
{{- else if .Values.secrets.s3.accessKey }}{{ include "berth.fullname" . }}-s3
{{- end }}
{{- end }}
{{- end }}

{{/* Several pods sign tokens with one key, if the chart says who the users are. */}}
{{- define "berth.tokenKeySecretName" -}}
{{- if and (eq .Values.storage "s3") (include "berth.usersSecretName" .) }}
{{- if .Values.secrets.tokenKeySecret }}{{ .Values.secrets.tokenKeySecret }}
{{- else }}{{ include "berth.fullname" . }}-token
{{- end }}
{{- end }}
{{- end }}

{{/* Whether pods share downloads. */}}
{{- define "berth.isCluster" -}}
{{- if and (eq .Values.storage "s3") (.Values.cluster).enabled }}true{{ end }}
{{- end }}

{{/* Where there is a key for tokens, the key between pods is derived from that. */}}
{{- define "berth.clusterKeySecretName" -}}
{{- if and (include "berth.isCluster" .) (not (include "berth.tokenKeySecretName" .)) }}
{{- if .Values.secrets.clusterKeySecret }}{{ .Values.secrets.clusterKeySecret }}
{{- else }}{{ include "berth.fullname" . }}-cluster
{{- end }}
{{- end }}
{{- end }}

{{- define "berth.storage" -}}
{{- if eq .Values.storage "filesystem" -}}
{{- toYaml (dict "driver" "filesystem" "filesystem" (dict "root" "/var/lib/registry")) }}
{{- else if eq .Values.storage "s3" -}}
{{- $s3 := dict "bucket" (required "storage: s3 needs s3.bucket" .Values.s3.bucket) "staging" "/var/lib/berth" }}
{{- with .Values.s3.region }}{{ $_ := set $s3 "region" . }}{{ end }}
{{- with .Values.s3.regionEndpoint }}
{{- $_ := set $s3 "endpoint" (contains "://" . | ternary . (printf "%s://%s" (ternary "https" "http" $.Values.s3.secure) .)) }}
{{- end }}
{{- with .Values.s3.rootdirectory }}{{ $_ := set $s3 "prefix" . }}{{ end }}
{{- if kindIs "bool" .Values.s3.forcepathstyle }}{{ $_ := set $s3 "pathStyle" .Values.s3.forcepathstyle }}{{ end }}
{{- if .Values.s3.encrypt }}{{ $_ := set $s3 "sse" "AES256" }}{{ end }}
{{- with .Values.s3.storageClass }}{{ $_ := set $s3 "storageClass" . }}{{ end }}
{{- with .Values.s3.localCache.maxSize }}
{{- $_ := set $s3 "localCache" (dict "root" "/var/cache/berth" "maxSize" .) }}
{{- end }}
{{- if include "berth.s3SecretName" . }}
{{- $_ := set $s3 "accessKeyIdFile" "/etc/berth/s3/s3AccessKey" }}
{{- $_ := set $s3 "secretAccessKeyFile" "/etc/berth/s3/s3SecretKey" }}
{{- end }}
{{- toYaml (dict "driver" "s3" "s3" $s3) }}
{{- else -}}
{{- fail (printf "storage: must be filesystem or s3, not %s" .Values.storage) }}
{{- end }}
{{- end }}

{{/* Docker Hub has its own name, any other registry that of its host. */}}
{{- define "berth.upstreamName" -}}
{{- $host := (urlParse .Values.proxy.remoteurl).host }}
{{- if has $host (list "registry-1.docker.io" "index.docker.io" "docker.io") }}docker.io{{ else }}{{ $host }}{{ end }}
{{- end }}

{{/* What the values say in Berth's own settings. configData comes last: it is the operator's own word. */}}
{{- define "berth.config" -}}
{{- $server := dict "host" "0.0.0.0" "port" 5000 "shutdownGrace" (printf "%ds" (max 1 (sub (int .Values.terminationGracePeriodSeconds) 10))) }}
{{- if .Values.tlsSecretName }}
{{- $_ := set $server "tls" (dict "cert" "/etc/berth/tls/tls.crt" "key" "/etc/berth/tls/tls.key") }}
{{- end }}
{{- $config := dict "server" $server "storage" (include "berth.storage" . | fromYaml) "log" (dict "format" "json") }}
{{- if include "berth.usersSecretName" . }}
{{- $_ := set $config "access" (dict "anonymousPull" .Values.anonymousPull "users" (dict "htpasswd" "/etc/berth/users/htpasswd")) }}
{{- end }}
{{- if include "berth.tokenKeySecretName" . }}
{{- $_ := set $config.access "tokenKeyFile" "/etc/berth/token/token.key" }}
{{- end }}
{{- if include "berth.isCluster" . }}
{{- $_ := set $config "cluster" (dict "listen" (printf ":%d" (int .Values.cluster.port))) }}
{{- if include "berth.clusterKeySecretName" . }}{{ $_ := set $config.cluster "keyFile" "/etc/berth/cluster/cluster.key" }}{{ end }}
{{- end }}
{{- if .Values.metrics.enabled }}
{{- $_ := set $config "metrics" (dict "address" (printf ":%d" (int .Values.metrics.port))) }}
{{- end }}
{{- if .Values.proxy.enabled }}
{{- if (.Values.configData.proxy).upstreams }}
{{- fail "proxy.enabled and configData.proxy.upstreams both name upstreams: keep one of them" }}
{{- end }}
{{- $_ := set $config "mode" "proxy" }}
{{- $upstream := dict "name" (include "berth.upstreamName" .) "url" .Values.proxy.remoteurl }}
{{- $_ := set $config "proxy" (dict "default" $upstream.name) }}
{{- if not (include "berth.proxySecretName" .) }}
{{- $_ := set $config.proxy "upstreams" (list $upstream) }}
{{- end }}
{{- end }}
{{- $own := deepCopy .Values.configData }}
{{- if and .Values.proxy.enabled (eq (default "private" $own.mode) "private") }}{{ $own = omit $own "mode" }}{{ end }}
{{- toYaml (mergeOverwrite $config $own) }}
{{- end }}
