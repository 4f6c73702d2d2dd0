//! People and machines of a real identity provider, through the doors of the real product.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, Response, Url, header, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::{Port, Process, tool, until};
use tollgate_tests::{Launch, Product, TOKEN, repository_file};

const PROVIDER: &str = "TOLLGATE_TEST_IDENTITY_PROVIDER";
const READY_AT_MOST: Duration = Duration::from_secs(30);
const STEPS_MAX: usize = 20;

struct World {
    product: Product,
    issuer: String,
    _provider: Process,
    _directory: TempDir,
}

async fn world() -> Result<World> {
    let directory = tempfile::tempdir()?;
    let launch = Launch::new(TOKEN)?;
    let (public, mut port) = (launch.url(), Port::reserve()?);
    let issuer = format!("http://{}", port.address());
    let modules: PathBuf = tool(PROVIDER)?;
    let mut node = Command::new("node");
    node.arg(repository_file("tests/identity-provider/provider.mjs")?)
        .arg(modules)
        .arg(port.number().to_string())
        .arg(format!("{public}/v1/session/callback"));
    port.release();
    let provider = Process::start("provider", &mut node, directory.path())?;
    let document = format!("{issuer}/.well-known/openid-configuration");
    let ready = until("the identity provider", READY_AT_MOST, async || {
        Ok(Some(client()?.get(&document).send().await?))
    });
    ready.await.with_context(|| provider.last_words())?;
    let settings = directory.path().join("tollgate.toml");
    let text = format!(
        r#"
        [webhooks]
        allow = ["{}"]
        allow_http = true
        [sign_in]
        public_url = "{public}"
        issuer = "{issuer}"
        client_id = "tollgate"
        client_secret = "a-secret+of the:client"
        admit_unknown = true
        roles = [{{ claim = "groups", value = "g-view", role = "viewer", scope = {{ kind = "all" }} }}]
        [[sign_in.machines]]
        issuer = "{issuer}"
        audience = "urn:tollgate"
        roles = [{{ claim = "sub", value = "ci", role = "viewer", scope = {{ kind = "all" }} }}]
        "#,
        issuer.trim_start_matches("http://")
    );
    std::fs::write(&settings, text)?;
    let product = launch.arg("--config").arg(settings).start().await?;
    Ok(World { product, issuer, _provider: provider, _directory: directory })
}

fn client() -> Result<Client> {
    Ok(Client::builder().no_proxy().redirect(redirect::Policy::none()).build()?)
}

/// A browser: cookies by host and port, each step its own request.
struct Browser {
    client: Client,
    jar: Vec<(String, String, String)>,
}

impl Browser {
    fn new() -> Result<Self> {
        Ok(Self { client: client()?, jar: vec![] })
    }

    fn cookies(&self, url: &Url) -> String {
        let own = self.jar.iter().filter(|(place, ..)| *place == url.authority());
        own.map(|(_, name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn step(&mut self, url: &Url, form: Option<&[(&str, &str)]>) -> Result<Response> {
        let request = match form {
            Some(form) => self.client.post(url.clone()).form(form),
            None => self.client.get(url.clone()),
        };
        let answer = request.header(header::COOKIE, self.cookies(url)).send().await?;
        for field in answer.headers().get_all(header::SET_COOKIE) {
            let field = field.to_str()?;
            let (name, rest) = field.split_once('=').context("a cookie")?;
            let value = rest.split(';').next().unwrap_or_default();
            self.jar.retain(|(place, own, _)| place != url.authority() || own != name);
            if !value.is_empty() {
                self.jar.push((url.authority().to_owned(), name.to_owned(), value.to_owned()));
            }
        }
        Ok(answer)
    }

    /// Goes where it is sent, says who it is and agrees, until it is back at a page of the product.
    async fn sign_in(&mut self, product: &Product, account: &str) -> Result<Url> {
        let home: Url = product.url("/").parse()?;
        let mut url: Url = product.url("/v1/session/start?return_to=/").parse()?;
        let mut form: Option<Vec<(&str, &str)>> = None;
        for _ in 0..STEPS_MAX {
            let answer = self.step(&url, form.take().as_deref()).await?;
            if let Some(location) = answer.headers().get(header::LOCATION) {
                url = url.join(location.to_str()?)?;
                if url.authority() == home.authority() && !url.path().starts_with("/v1/") {
                    return Ok(url);
                }
                continue;
            }
            let page = answer.text().await?;
            form = Some(if page.contains("value=\"login\"") {
                vec![("prompt", "login"), ("login", account), ("password", "x")]
            } else if page.contains("value=\"consent\"") {
                vec![("prompt", "consent")]
            } else {
                bail!("{url}: {page}")
            });
        }
        bail!("still on the way at {url}")
    }

    async fn ask(&self, product: &Product, method: reqwest::Method, path: &str) -> Result<(u16, Value)> {
        let url: Url = product.url(path).parse()?;
        let request = self.client.request(method, url.clone()).header(header::COOKIE, self.cookies(&url));
        let answer = request.header("sec-fetch-site", "same-origin").send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or(Value::Null)))
    }
}

#[tokio::test]
async fn a_person_signs_in_by_a_real_provider_and_signs_out() -> Result<()> {
    let World { product, issuer, .. } = &world().await?;
    let mut browser = Browser::new()?;
    let page = browser.sign_in(product, "ada").await?;
    ensure!((page.path(), page.query()) == ("/", None), "{page}");
    let (status, me) = browser.ask(product, reqwest::Method::GET, "/v1/whoami").await?;
    assert_eq!(
        (status, &me["kind"], &me["authenticated_by"], &me["roles"]),
        (200, &json!("person"), &json!("oidc"), &json!(["viewer"]))
    );
    let (_, session) = browser.ask(product, reqwest::Method::GET, "/v1/session").await?;
    assert_eq!((&session["issuer"], &session["principal_id"]), (&json!(issuer), &me["id"]));
    let out = session["provider_sign_out"].as_str().context("the provider says where one signs out")?;
    ensure!(out.starts_with(issuer.as_str()) && out.ends_with("client_id=tollgate"), "{out}");
    let asked = browser.step(&out.parse()?, None).await?;
    ensure!(asked.status() == 200, "the provider asks whether to sign out: {}", asked.status());
    assert_eq!(browser.ask(product, reqwest::Method::GET, "/v1/clients").await?.0, 200);
    let mut other = Browser::new()?;
    other.sign_in(product, "bob").await?;
    let (_, bob) = other.ask(product, reqwest::Method::GET, "/v1/whoami").await?;
    assert_eq!(bob["roles"], json!([]), "whose claims give nothing holds nothing");
    assert_ne!(bob["id"], me["id"]);
    let held = Browser { client: client()?, jar: browser.jar.clone() };
    assert_eq!(browser.ask(product, reqwest::Method::DELETE, "/v1/session").await?.0, 204);
    assert_eq!(held.ask(product, reqwest::Method::GET, "/v1/whoami").await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn a_machine_of_a_real_provider_is_known_by_its_token() -> Result<()> {
    let World { product, issuer, .. } = &world().await?;
    let client = client()?;
    let token = async |audience: &str| -> Result<String> {
        let form = [("grant_type", "client_credentials"), ("resource", audience), ("scope", "api")];
        let asked = client.post(format!("{issuer}/token")).basic_auth("ci", Some("a-secret-of-a-machine"));
        let answer: Value = serde_json::from_str(&asked.form(&form).send().await?.text().await?)?;
        Ok(answer["access_token"].as_str().with_context(|| answer.to_string())?.to_owned())
    };
    let whoami = async |token: &str| -> Result<(u16, Value)> {
        let answer = client.get(product.url("/v1/whoami")).bearer_auth(token).send().await?;
        Ok((answer.status().as_u16(), serde_json::from_str(&answer.text().await?)?))
    };
    let (status, me) = whoami(&token("urn:tollgate").await?).await?;
    assert_eq!(
        (status, &me["authenticated_by"], &me["roles"]),
        (200, &json!("jwt"), &json!(["viewer"])),
        "{me}"
    );
    let (status, _) = whoami(&token("urn:another").await?).await?;
    assert_eq!(status, 401, "a token for another audience");
    Ok(())
}
