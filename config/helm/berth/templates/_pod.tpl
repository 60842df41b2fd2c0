{{- define "berth.podTemplate" -}}
metadata:
  labels:
    {{- include "berth.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "berth.serviceAccountName" . }}
  automountServiceAccountToken: false
  # A service called "berth" would be the variables BERTH_SERVICE_HOST and so on.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: berth
      image: {{ include "berth.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve, /etc/berth/config/config.yml]
      {{- with include "berth.env" . }}
      {{- . | nindent 6 }}
      {{- end }}
      ports:
        - name: registry
          containerPort: 5000
          protocol: TCP
        {{- if include "berth.isCluster" . }}
        - name: cluster
          containerPort: {{ .Values.cluster.port }}
          protocol: TCP
        {{- end }}
        {{- if .Values.metrics.enabled }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
          protocol: TCP
        {{- end }}
      startupProbe:
        {{- include "berth.probe" (list . "/readyz") | nindent 8 }}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        {{- include "berth.probe" (list . "/healthz") | nindent 8 }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        {{- include "berth.probe" (list . "/readyz") | nindent 8 }}
        periodSeconds: 5
        timeoutSeconds: 5
      securityContext:
        {{- toYaml .Values.containerSecurityContext | nindent 8 }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- include "berth.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "berth.volumes" . | nindent 4 }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "berth.probe" -}}
{{- $root := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: registry
  {{- if $root.Values.tlsSecretName }}
  scheme: HTTPS
  {{- end }}
{{- end }}

{{/* What only Kubernetes knows cannot be in the file: the pod's address, and a user name of a secret. */}}
{{- define "berth.env" -}}
{{- if or (include "berth.isCluster" .) (include "berth.proxySecretName" .) .Values.extraEnvVars -}}
env:
  {{- if include "berth.isCluster" . }}
  - name: BERTH_CLUSTER_ADVERTISE
    valueFrom:
      fieldRef:
        fieldPath: status.podIP
  {{- end }}
  {{- with include "berth.proxySecretName" . }}
  - name: UPSTREAM_USERNAME
    valueFrom:
      secretKeyRef:
        name: {{ . }}
        key: proxyUsername
  - name: BERTH_PROXY_UPSTREAMS
    value: '[{name: {{ include "berth.upstreamName" $ }}, url: {{ $.Values.proxy.remoteurl | quote }}, username: "$(UPSTREAM_USERNAME)", passwordFile: /etc/berth/upstream/proxyPassword}]'
  {{- end }}
  {{- with .Values.extraEnvVars }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "berth.volumeMounts" -}}
{{- if eq .Values.storage "filesystem" }}
- name: data
  mountPath: /var/lib/registry
{{- else }}
# Parts of uploads, and downloads that are not complete: whatever is there can be lost.
- name: staging
  mountPath: /var/lib/berth
{{- if .Values.s3.localCache.maxSize }}
- name: local-cache
  mountPath: /var/cache/berth
{{- end }}
{{- end }}
{{- if include "berth.s3SecretName" . }}
- name: s3
  mountPath: /etc/berth/s3
  readOnly: true
{{- end }}
{{- if include "berth.tokenKeySecretName" . }}
- name: token
  mountPath: /etc/berth/token
  readOnly: true
{{- end }}
{{- if include "berth.clusterKeySecretName" . }}
- name: cluster
  mountPath: /etc/berth/cluster
  readOnly: true
{{- end }}
- name: config
  mountPath: /etc/berth/config
  readOnly: true
# Node and the shell of the image may want to write a temporary file below the read-only root.
- name: tmp
  mountPath: /tmp
{{- if include "berth.usersSecretName" . }}
- name: users
  mountPath: /etc/berth/users
  readOnly: true
{{- end }}
{{- if include "berth.proxySecretName" . }}
- name: upstream
  mountPath: /etc/berth/upstream
  readOnly: true
{{- end }}
{{- if .Values.tlsSecretName }}
- name: tls
  mountPath: /etc/berth/tls
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "berth.volumes" -}}
- name: config
  configMap:
    name: {{ include "berth.fullname" . }}
- name: tmp
  emptyDir: {}
{{- if ne .Values.storage "filesystem" }}
- name: staging
  emptyDir:
    {{- toYaml .Values.s3.staging | nindent 4 }}
{{- if .Values.s3.localCache.maxSize }}
- name: local-cache
  emptyDir:
    {{- toYaml .Values.s3.localCache.volume | nindent 4 }}
{{- end }}
{{- else if not .Values.persistence.enabled }}
- name: data
  emptyDir: {}
{{- else if .Values.persistence.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim }}
{{- end }}
{{- with include "berth.s3SecretName" . }}
- name: s3
  secret:
    secretName: {{ . }}
{{- end }}
{{- with include "berth.tokenKeySecretName" . }}
- name: token
  secret:
    secretName: {{ . }}
{{- end }}
{{- with include "berth.clusterKeySecretName" . }}
- name: cluster
  secret:
    secretName: {{ . }}
{{- end }}
{{- with include "berth.usersSecretName" . }}
- name: users
  secret:
    secretName: {{ . }}
    items:
      - key: htpasswd
        path: htpasswd
{{- end }}
{{- with include "berth.proxySecretName" . }}
- name: upstream
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.tlsSecretName }}
- name: tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
