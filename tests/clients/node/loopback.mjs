// Loaded before everything else: node asks the system's resolver, which usually knows no name below localhost.
// RFC 6761 6.3 has programs send them to loopback themselves, as browsers and curl do (web/connect.py does it here).
import dns from "node:dns";

const lookup = dns.lookup;
dns.lookup = (host, ...rest) => lookup(host.endsWith(".localhost") ? "127.0.0.1" : host, ...rest);
