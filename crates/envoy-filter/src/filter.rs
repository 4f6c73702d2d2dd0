//! One call, from its headers to its end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use gateway_doors::{
    headers::Headers,
    in_proxy::{Answer, AskedCall, Attempt, Decided, Ended, Field, Later, Passed, Reply, is_upstream_error},
};
use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::{
    config::{BeforeReady, Config, Counted, RouteConfig},
    ffi::calls::{ShownHeaders, Stream, Waker},
};

/// Where access logs and later filters find what was decided.
const METADATA: &str = "tollgate";
/// Identity headers come from this filter alone.
const IDENTITY: &[u8] = b"x-tollgate-";
const SECRETS: [&str; 2] = ["x-api-key", "authorization"];

/// What Envoy is to do with a call.
#[derive(Debug)]
pub(crate) enum Next {
    Continue,
    /// Until the filter is scheduled.
    Hold,
    Reply(Box<Reply>),
}

/// A filter: one of them for each call.
pub(crate) struct Filter {
    config: Arc<Config>,
    begun: Instant,
    waiting: Option<Arc<Mutex<Waiting>>>,
    /// For the caller, on the upstream's answer.
    limits: Option<Headers>,
    decided: Option<Decided>,
}

/// A call that waits for a shared quota, between its worker and the thread that waits for it.
struct Waiting {
    /// None once the call is awake, or gone.
    waker: Option<Waker>,
    attempt: Option<Attempt>,
}

impl Filter {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self { config, begun: Instant::now(), waiting: None, limits: None, decided: None }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    pub(crate) fn request_headers(&mut self, stream: &Stream, route: Option<&RouteConfig>) -> Next {
        if !self.config.node().is_ready() {
            self.config.count(stream, Counted::NotReady);
            return match self.config.before_ready() {
                BeforeReady::Pass => pass_unjudged(stream),
                BeforeReady::Refuse => Next::Reply(Box::new(Reply::not_ready())),
            };
        }
        let attempt = self.config.door().first();
        self.judge(stream, route, attempt)
    }

    /// A wait is over. A call that was not waiting is none of ours.
    pub(crate) fn scheduled(&mut self, stream: &Stream, route: Option<&RouteConfig>) -> Next {
        let attempt = self.waiting.take().and_then(|waiting| waiting.lock().attempt.take());
        attempt.map_or(Next::Hold, |attempt| self.judge(stream, route, attempt))
    }

    /// The caller is told where it stands, whoever answers it.
    pub(crate) fn response_headers(&mut self, stream: &Stream) {
        let Some(limits) = self.limits.take() else { return };
        let limits: SmallVec<[_; 12]> = limits.iter().collect();
        stream.set_response_headers(&limits);
    }

    /// Counts what became of the call.
    pub(crate) fn stream_complete(&mut self, stream: &Stream) {
        let Some(decided) = self.decided.take() else { return };
        let duration_us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let status = stream.response_code().and_then(|code| u32::try_from(code).ok()).unwrap_or_default();
        let ended = Ended {
            status,
            upstream_error: is_upstream_error(stream.response_flags()),
            request_bytes: stream.request_bytes(),
            response_bytes: stream.response_bytes(),
            duration_us,
        };
        self.config.door().ended(decided, ended);
    }

    fn judge(&mut self, stream: &Stream, route: Option<&RouteConfig>, attempt: Attempt) -> Next {
        let door = self.config.door();
        let (answer, forged) = stream.with_request_headers(|headers| {
            let fields = fields(headers, |name| door.reads(name));
            #[cfg(debug_assertions)]
            self.config.panic_at(field(&fields, ":path"));
            let call = AskedCall {
                method: field(&fields, ":method"),
                host: field(&fields, ":authority"),
                path: field(&fields, ":path"),
                fields: &fields,
                address: stream.source_address().and_then(address),
                environment: route.and_then(RouteConfig::environment),
            };
            (door.ask(&call, attempt), forged(headers))
        });
        match answer {
            Answer::Pass(passed) => self.pass(stream, *passed, &forged),
            Answer::Refuse(mut reply) => {
                self.refused(stream, reply.decided.take());
                Next::Reply(reply)
            }
            Answer::Later(later) => self.wait(stream, later),
        }
    }

    fn pass(&mut self, stream: &Stream, passed: Passed, forged: &Forged) -> Next {
        let Passed { identity, removed, limits, decided } = passed;
        // From here on none of these names is there: all of them begin alike.
        remove(stream, forged);
        for (name, value) in identity.iter().filter(|(_, value)| !value.is_empty()) {
            stream.add_request_header(name, value);
        }
        for name in removed {
            stream.remove_request_header(name);
        }
        self.limits = Some(limits);
        self.keep(stream, decided);
        Next::Continue
    }

    fn refused(&mut self, stream: &Stream, decided: Option<Decided>) {
        match decided {
            Some(decided) => self.keep(stream, decided),
            None => self.config.count(stream, Counted::Faulted),
        }
    }

    fn keep(&mut self, stream: &Stream, decided: Decided) {
        self.config.count(stream, Counted::Decided(decided.outcome));
        if !decided.metadata.is_empty() {
            stream.set_metadata(METADATA, &decided.metadata);
        }
        self.decided = Some(decided);
    }

    /// Lets the call wait without a worker: a thread of ours wakes it.
    fn wait(&mut self, stream: &Stream, later: Later) -> Next {
        let Some(waker) = stream.waker() else { return Next::Reply(Box::new(Reply::of_panic())) };
        let waiting = Arc::new(Mutex::new(Waiting { waker: Some(waker), attempt: None }));
        self.waiting = Some(Arc::clone(&waiting));
        self.config.node().spawn(async move {
            let attempt = later.ended().await;
            let mut waiting = waiting.lock();
            waiting.attempt = Some(attempt);
            // Under the lock that the filter's end takes: no call is woken whose worker may be gone.
            if let Some(waker) = waiting.waker.take() {
                waker.wake(0);
            }
        });
        Next::Hold
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            drop(waiting.lock().waker.take());
        }
    }
}

/// What refuses a call whose hook panicked.
pub(crate) fn panicked(stream: Option<Stream>, config: Option<Arc<Config>>) -> Next {
    if let (Some(stream), Some(config)) = (stream, config) {
        config.count(&stream, Counted::Panicked);
    }
    Next::Reply(Box::new(Reply::of_panic()))
}

/// Neither a secret nor an identity that nobody has proven reaches the upstream.
fn pass_unjudged(stream: &Stream) -> Next {
    remove(stream, &stream.with_request_headers(forged));
    for name in SECRETS {
        stream.remove_request_header(name);
    }
    Next::Continue
}

/// Names of headers that only this filter may set, as the caller sent them.
type Forged = SmallVec<[String; 2]>;

fn forged(headers: &ShownHeaders<'_>) -> Forged {
    let given = headers.iter().filter(|(name, _)| name.starts_with(IDENTITY));
    given.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
}

fn remove(stream: &Stream, forged: &Forged) {
    for name in forged {
        stream.remove_request_header(name);
    }
}

/// Those that are wanted. A name that is no text is none of them.
fn fields<'a>(headers: &ShownHeaders<'a>, wanted: impl Fn(&[u8]) -> bool) -> SmallVec<[Field<'a>; 8]> {
    let wanted = headers.iter().filter(|(name, _)| wanted(name));
    let texts = wanted.map(|(name, value)| (str::from_utf8(name), str::from_utf8(value).ok()));
    texts.filter_map(|(name, value)| Some((name.ok()?, value))).collect()
}

fn field<'a>(fields: &[Field<'a>], name: &str) -> Option<&'a str> {
    fields.iter().find(|(given, _)| *given == name).and_then(|(_, value)| *value)
}

/// Envoy writes an address with its port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().map(|address: SocketAddr| address.ip()).or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_address_is_read_with_or_without_its_port() {
        for (text, expected) in [
            ("198.51.100.7:51000", Some("198.51.100.7")),
            ("[2001:db8::7]:51000", Some("2001:db8::7")),
            ("198.51.100.7", Some("198.51.100.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("/run/socket", None),
        ] {
            assert_eq!(address(text), expected.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn only_what_this_filter_says_of_identity_is_taken_from_callers() {
        let headers: ShownHeaders<'_> = [
            (&b"x-tollgate-scopes"[..], &b"admin"[..]),
            (b"x-tollgate-whatever-comes-next", b"1"),
            (b"x-request-id", b"2"),
            (b"accept", b"\xff"),
        ]
        .into_iter()
        .collect();
        assert_eq!(forged(&headers).as_slice(), ["x-tollgate-scopes", "x-tollgate-whatever-comes-next"]);
        let fields = fields(&headers, |name| name != b"x-tollgate-scopes");
        assert_eq!(field(&fields, "x-request-id"), Some("2"));
        assert_eq!(fields.last(), Some(&("accept", None)), "no text is no value");
    }
}
