const services = /^_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const address = /^(tcp|udp|sctp):\/\//;

/**
 * Whether Kubernetes sets this variable to describe a service: for one named `berth`, or `berth-...`, the variables
 * begin with `BERTH`. Such a name can also be that of a setting: `BERTH_SERVER_PORT=tcp://10.0.0.1:5000`.
 */
export function isOfKubernetes(prefix: string, variable: string, text: string): boolean {
  if (!variable.startsWith(`${prefix}_`)) return false;
  return services.test(variable.slice(prefix.length)) || (variable.endsWith("_PORT") && address.test(text));
}
