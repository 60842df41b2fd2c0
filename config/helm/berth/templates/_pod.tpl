{{- define "berth.probe" -}}
{{- $root := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: registry
  {{- if $root.Values.tlsSecretName }}
  scheme: HTTPS
  {{- end }}
{{- end }}

{{/* A user name that only a secret knows cannot be in the file: Kubernetes puts it into the variable. */}}
{{- define "berth.env" -}}
{{- if or (include "berth.proxySecretName" .) .Values.extraEnvVars -}}
env:
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
- name: data
  mountPath: /var/lib/registry
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
{{- if not .Values.persistence.enabled }}
- name: data
  emptyDir: {}
{{- else if .Values.persistence.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim }}
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
