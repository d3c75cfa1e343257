// A request as lines for a shell. Tokens are not in it: it gets its own from the sandbox.

const quote = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;
/** What curl sets itself. */
const OWN = ["host", "content-length", "connection", "user-agent", "accept", "accept-encoding", "transfer-encoding"];
/** A method may be any word, and a word may be a command. */
const word = (text) => (/^[A-Z]+$/.test(text) ? text : quote(text));
const TOKEN = `sed 's/.*"token":"\\([^"]*\\)".*/\\1/'`;

export function curl(exchange, control) {
  const account = exchange.path.match(/account\/(\w+)/)?.[1];
  const lines = [];
  const { authorization, "x-lp-on-behalf": behalf, ...headers } = exchange.headers;
  const call = ["curl -i -X", word(exchange.method)];
  if (authorization && account) {
    lines.push(`APP_JWT=$(curl -s -X POST ${quote(`${control}/accounts/${account}/tokens`)} | ${TOKEN})`);
    call.push('-H "Authorization: $APP_JWT"');
  }
  if (behalf && account) {
    const who = quote(JSON.stringify({ ext_consumer_id: exchange.consumer }));
    lines.push(`CONSUMER_JWS=$(curl -s -X POST "$LPC_DOMAIN_API_URL/api/account/${account}/consumer?v=1.0" \${LPC_TLS_CA_FILE:+--cacert "$LPC_TLS_CA_FILE"} -H 'Content-Type: application/json' -H "Authorization: $APP_JWT" -d ${who} | ${TOKEN})`);
    call.push('-H "X-LP-ON-BEHALF: $CONSUMER_JWS"');
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!OWN.includes(name)) call.push("-H", quote(`${name}: ${value}`));
  }
  if (exchange.body) {
    const body = quote(exchange.body);
    // The form of a token request: its secret stands in the environment.
    const secret = () => `client_secret='"$LPC_CLIENT_SECRET"'`;
    call.push("--data-binary", exchange.route === "token" ? body.replace("client_secret=…", secret) : body);
  }
  call.push(`\${LPC_TLS_CA_FILE:+--cacert "$LPC_TLS_CA_FILE"}`, `"$LPC_DOMAIN_API_URL"${quote(exchange.path)}`);
  return `${[...lines, call.join(" ")].join("\n")}\n`;
}
