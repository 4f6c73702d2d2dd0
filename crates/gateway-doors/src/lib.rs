//! The doors around the gateway's core: how proxies ask whether a call may pass.
//!
//! | door | for | what the caller gets |
//! |---|---|---|
//! | [`ExtAuthz`], gRPC | Envoy `ext_authz` | 401, 403, 429 as decided, with the `RateLimit` fields |
//! | [`RateLimit`], gRPC | Envoy's rate limit service, where somebody else authenticates | 429 and the `RateLimit` fields |
//! | [`in_proxy`], a function call | a filter inside Envoy | the same, and the filter tells what became of the call |
//! | [`AccessLog`], gRPC | Envoy's access log service | nothing: here Envoy tells what became of calls |
//! | `POST /v1/verify` | gateways that ask in JSON | whatever the asking gateway makes of the answer |
//! | `/v1/forward-auth` | Traefik `ForwardAuth`, Caddy `forward_auth` | the same as from Envoy |
//! | `/v1/forward-auth/nginx` | nginx `auth_request` | as nginx is told; see below |
//!
//! All of them share one listener ([`Doors`], [`serve`]); those that ask, one decision and one mapping to HTTP (`refuse.rs`). The
//! listener trusts whoever reaches it, so only proxies may: loopback, or a network of their own.
//!
//! # What every proxy must do
//!
//! * Ask about the path that it serves. The `ext_authz` and forward-auth doors refuse a path that is not in normal form
//!   (403, `bad_path`), since they cannot know how it will be read behind the proxy. Envoy normalises before it asks,
//!   as `deploy/envoy` has it; nginx and Caddy ask with the path as the caller wrote it.
//! * Keep the secret from the upstream. Envoy is told to remove `x-api-key`, and `authorization` where that carried
//!   it. An answer to a sub-request cannot remove a header of the original call: that is the proxy's own line.
//! * Let `x-tollgate-*` come from the door alone. An allowed call gets every one of them, an empty one being empty
//!   (Envoy, which drops empty values, is told to remove it), so that a caller's own are replaced.
//! * Say where the caller calls from, if keys are bound to addresses: see [`Door::trusting_forwarded`].
//!
//! # nginx
//!
//! `auth_request` passes on 2xx, 401 and 403; any other answer is a 500. So this door says 403 and names the status it
//! means in `x-tollgate-status`. nginx never passes on the body of a refusal. Proven with nginx 1.22:
//!
//! ```text
//! upstream tollgate { server 127.0.0.1:9090; keepalive 16; }
//!
//! location / {
//!     auth_request /tollgate;
//!     auth_request_set $tollgate_client_id        $upstream_http_x_tollgate_client_id;
//!     auth_request_set $tollgate_key_id           $upstream_http_x_tollgate_key_id;
//!     auth_request_set $tollgate_scopes           $upstream_http_x_tollgate_scopes;
//!     auth_request_set $tollgate_environment      $upstream_http_x_tollgate_environment;
//!     auth_request_set $tollgate_decision_id      $upstream_http_x_tollgate_decision_id;
//!     auth_request_set $tollgate_status           $upstream_http_x_tollgate_status;
//!     auth_request_set $tollgate_retry_after      $upstream_http_retry_after;
//!     auth_request_set $tollgate_ratelimit        $upstream_http_ratelimit;
//!     auth_request_set $tollgate_ratelimit_policy $upstream_http_ratelimit_policy;
//!     proxy_set_header X-Tollgate-Client-Id   $tollgate_client_id;
//!     proxy_set_header X-Tollgate-Key-Id      $tollgate_key_id;
//!     proxy_set_header X-Tollgate-Scopes      $tollgate_scopes;
//!     proxy_set_header X-Tollgate-Environment $tollgate_environment;
//!     proxy_set_header X-Tollgate-Decision-Id $tollgate_decision_id;
//!     proxy_set_header X-Api-Key     "";
//!     proxy_set_header Authorization "";
//!     add_header RateLimit        $tollgate_ratelimit        always;
//!     add_header RateLimit-Policy $tollgate_ratelimit_policy always;
//!     error_page 403 = @refused;
//!     proxy_pass http://upstream;
//! }
//! location @refused {
//!     add_header RateLimit        $tollgate_ratelimit        always;
//!     add_header RateLimit-Policy $tollgate_ratelimit_policy always;
//!     add_header Retry-After      $tollgate_retry_after      always;
//!     if ($tollgate_status = 429) { return 429; }
//!     if ($tollgate_status = 503) { return 503; }
//!     return 403;
//! }
//! location = /tollgate {
//!     internal;
//!     proxy_pass http://tollgate/v1/forward-auth/nginx;
//!     proxy_http_version 1.1;
//!     proxy_pass_request_body off;
//!     proxy_set_header Connection         "";
//!     proxy_set_header Content-Length     "";
//!     proxy_set_header X-Original-Method  $request_method;
//!     proxy_set_header X-Original-URI     $request_uri;
//!     proxy_set_header X-Original-Host    $host;
//!     proxy_set_header X-Forwarded-Method "";
//!     proxy_set_header X-Forwarded-Uri    "";
//!     proxy_set_header X-Forwarded-Host   "";
//!     proxy_set_header X-Real-IP          $remote_addr;
//!     proxy_set_header X-Forwarded-For    $remote_addr;
//! }
//! ```
//!
//! A door that is away is a 500 at nginx. `proxy_set_header Authorization ""` also drops a credential that is not ours:
//! leave the line out where callers present their secret as `x-api-key` and the upstream wants `Authorization`.
//!
//! # Caddy
//!
//! Proven with Caddy 2.6. `route` keeps the order as written; without it Caddy removes the headers last.
//!
//! ```text
//! route {
//!     request_header -X-Tollgate-*
//!     forward_auth 127.0.0.1:9090 {
//!         uri /v1/forward-auth
//!         header_up -X-Original-*
//!         header_up -X-Real-IP
//!         copy_headers X-Tollgate-Client-Id X-Tollgate-Key-Id X-Tollgate-Scopes X-Tollgate-Environment X-Tollgate-Decision-Id
//!     }
//!     request_header -X-Api-Key
//!     request_header -Authorization
//!     reverse_proxy upstream:8080
//! }
//! ```
//!
//! # Traefik
//!
//! `ForwardAuth` with `address: http://127.0.0.1:9090/v1/forward-auth`, `trustForwardHeader: false` and the five
//! `X-Tollgate-*` names as `authResponseHeaders`; then a `Headers` middleware that empties `X-Api-Key` and
//! `Authorization`. Not proven here: Traefik is not among the packages that this project's machines can have.
mod access_log;
mod codec;
mod credential;
mod door;
mod doors;
mod ext_authz;
mod forward_auth;
pub mod headers;
mod health;
pub mod in_proxy;
mod path;
mod rate_limit;
mod refuse;
mod serve;
#[cfg(test)]
mod testing;
mod text;
mod told;
mod unary;
mod user_agent;
mod verify;
pub mod wire;

pub use access_log::AccessLog;
pub use door::Door;
pub use doors::Doors;
pub use ext_authz::ExtAuthz;
pub use rate_limit::RateLimit;
pub use refuse::{Problem, ProblemDoc, problems};
pub use serve::{Connection, Listens, ServeFailure, Serves, serve};
pub use told::{Choice, Chosen, IdentityHeader, NoChoice, RateLimitHeaders, Told, ToldField};
pub use unary::Reply;
pub use verify::{VerifyAnswer, VerifyLimit, VerifyRequest, openapi, verify_router};
