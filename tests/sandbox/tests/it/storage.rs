//! Files: the URLs for them, the storage itself, and events that name them.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Answer, Options, Route, Sandbox};

use crate::driver::{Driver, agent, call, event, hosted, shared};

const TYPES: [&str; 11] =
    ["JPG", "JPEG", "PNG", "GIF", "PDF", "DOCX", "PPTX", "XLSX", "TXT", "IMG", "7z"];

/// The answer to a request for an upload URL.
fn upload_url(driver: &Driver<'_>, size: usize) -> Value {
    let body = json!({"fileSize": size.to_string(), "fileType": "PNG"});
    let reply = driver.file_url("Upload", body);
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["body"].clone()
}

fn download_url(driver: &Driver<'_>, path: &str) -> Value {
    let reply = driver.file_url("Download", json!({"relativePath": path}));
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["body"].clone()
}

#[test]
fn a_file_goes_up_and_comes_down() {
    let driver = Driver::new();
    let bytes = [0, 159, 146, 150, 255];
    let upload = upload_url(&driver, bytes.len());
    let path = upload["relativePath"].as_str().expect("a path");
    let prefix = format!("/v1/AUTH_async-images/{}/", driver.account.id);
    assert!(path.starts_with(&prefix) && path.ends_with(".PNG"), "{path}");
    assert_eq!(driver.sandbox.file(&driver.account.id, path), None);
    let stored = driver.store("PUT", &upload, &[], &bytes);
    assert_eq!((stored.status, stored.bytes.len()), (201, 0));
    assert_eq!(driver.sandbox.file(&driver.account.id, path), Some(bytes.to_vec()));

    let download = download_url(&driver, path);
    assert_eq!(download["relativePath"], path);
    let loaded = driver.store("GET", &download, &[], &[]);
    assert_eq!((loaded.status, &*loaded.bytes), (200, &bytes[..]));
    assert_eq!(loaded.headers["content-type"], "image/png");
}

#[test]
fn requests_for_urls_are_checked() {
    let driver = Driver::new();
    for file_type in TYPES {
        for file_type in [file_type.to_owned(), file_type.to_lowercase()] {
            for size in [json!("3145728"), json!(3_145_728)] {
                let body = json!({"fileSize": size, "fileType": file_type});
                assert_eq!(driver.file_url("Upload", body).status, 200, "{file_type}");
            }
        }
    }
    let pending = upload_url(&driver, 1);
    let other = Driver::new().upload("PNG", b"x");
    let size = |size: Value| json!({"fileSize": size, "fileType": "PNG"});
    for (kind, body) in [
        ("Upload", size(json!(0))),
        ("Upload", size(json!(1.5))),
        ("Upload", size(json!(-1))),
        ("Upload", size(json!(3_145_729))),
        ("Upload", size(json!(["1"]))),
        ("Upload", size(json!(""))),
        ("Upload", size(json!("0"))),
        ("Upload", size(json!("-1"))),
        ("Upload", size(json!("+1"))),
        ("Upload", size(json!("1.5"))),
        ("Upload", size(json!("3145729"))),
        ("Upload", size(json!("99999999999999999999999"))),
        ("Upload", json!({"fileType": "PNG"})),
        ("Upload", json!({"fileSize": "1000"})),
        ("Upload", json!({"fileSize": "1000", "fileType": 5})),
        ("Upload", json!({"fileSize": "1000", "fileType": ""})),
        ("Upload", json!({"fileSize": "1000", "fileType": ".PNG"})),
        ("Download", json!({})),
        ("Download", json!({"relativePath": 5})),
        ("Download", json!({"relativePath": "/v1/AUTH_async-images/cat.png"})),
        ("Download", json!({"relativePath": pending["relativePath"]})),
        ("Download", json!({"relativePath": other})),
    ] {
        assert_eq!(driver.file_url(kind, body.clone()).status, 400, "{kind} {body}");
    }
}

#[test]
fn the_largest_file_is_an_option() {
    // More than a messaging request may have, and less.
    let options = Options { max_body: 1000, max_file: 2000, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    driver.upload("GIF", &[7; 2000]);
    let body = json!({"fileSize": "2001", "fileType": "GIF"});
    assert_eq!(driver.file_url("Upload", body).status, 400);
    let url = upload_url(&driver, 2000);
    assert_eq!(driver.store("PUT", &url, &[], &[7; 2001]).status, 413);
}

#[test]
fn a_file_may_come_in_a_form() {
    let driver = Driver::new();
    let url = upload_url(&driver, 4);
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n1234\r\n--x--\r\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=x")];
    let stored = driver.store("PUT", &url, &headers, form.as_bytes());
    assert_eq!(stored.status, 201, "{}", stored.text);
    let path = url["relativePath"].as_str().expect("a path");
    let kept = driver.sandbox.file(&driver.account.id, path);
    assert_eq!(kept.as_deref(), Some(form.as_bytes()), "as it came");
    let longer = driver.store("PUT", &url, &[("Content-Type", "image/png")], form.as_bytes());
    assert_eq!(longer.status, 413);
}

#[test]
fn content_types_follow_file_types() {
    let driver = Driver::new();
    for (file_type, content_type) in [
        ("TXT", "text/plain"),
        ("IMG", "application/octet-stream"),
        ("7z", "application/octet-stream"),
    ] {
        let path = driver.upload(file_type, b"x");
        assert!(path.ends_with(&format!(".{file_type}")), "{path}");
        let loaded = driver.store("GET", &download_url(&driver, &path), &[], &[]);
        assert_eq!(loaded.headers["content-type"], content_type, "{file_type}");
    }
}

#[test]
fn a_page_in_a_browser_gets_through() {
    let driver = Driver::new();
    let url = upload_url(&driver, 4);
    let path = url["relativePath"].as_str().expect("a path");
    let asking = [
        ("Origin", "https://example.com"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type, x-more"),
    ];
    let answer = Answer::Status { status: 503, headers: Vec::new(), body: Vec::new() };
    driver.sandbox.answer_next(&driver.account.id, Route::Storage, answer);
    let before = driver.sandbox.requests(&driver.account.id).len();
    let asked = call(&driver.agent, "OPTIONS", &driver.url(path), &asking, &[]);
    let asked = asked.expect("an answer");
    assert_eq!((asked.status, asked.bytes.len()), (200, 0));
    for (name, value) in [("origin", "*"), ("methods", "PUT"), ("headers", "content-type, x-more")]
    {
        assert_eq!(asked.headers[format!("access-control-allow-{name}")], value);
    }
    let requests = driver.sandbox.requests(&driver.account.id);
    assert_eq!(requests.len(), before, "the browser asks, not the client");
    for status in [503, 201, 413] {
        let bytes: &[u8] = if status == 413 { b"12345" } else { b"1234" };
        let stored = driver.store("PUT", &url, &[], bytes);
        assert_eq!(stored.status, status);
        assert_eq!(stored.headers["access-control-allow-origin"], "*", "{status}");
    }
}

#[test]
fn the_expiry_may_be_a_number() {
    let options = Options { expires_as_number: true, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let driver = Driver::on(&sandbox);
    let mut url = upload_url(&driver, 4);
    let expires = url["queryParams"]["temp_url_expires"].clone();
    assert!(expires.is_u64(), "{expires}");
    url["queryParams"]["temp_url_expires"] = json!(expires.to_string());
    assert_eq!(driver.store("PUT", &url, &[], b"1234").status, 201);
    let url = download_url(&driver, url["relativePath"].as_str().expect("a path"));
    assert!(url["queryParams"]["temp_url_expires"].is_u64());
}

#[test]
fn three_megabytes_fit() {
    let driver = Driver::new();
    let bytes: Vec<u8> = (0..3 * 1024 * 1024).map(|number: u32| number.to_le_bytes()[1]).collect();
    let path = driver.upload("PDF", &bytes);
    let loaded = driver.store("GET", &download_url(&driver, &path), &[], &[]);
    assert!(loaded.bytes == bytes);
    assert_eq!(loaded.headers["content-type"], "application/pdf");
}

#[test]
fn more_than_announced_is_refused() {
    let driver = Driver::new();
    let url = upload_url(&driver, 4);
    let path = url["relativePath"].as_str().expect("a path");
    assert_eq!(driver.store("PUT", &url, &[], b"12345").status, 413);
    assert_eq!(driver.sandbox.file(&driver.account.id, path), None);
    assert_eq!(driver.store("PUT", &url, &[], b"123").status, 201);
    assert_eq!(driver.store("PUT", &url, &[], b"1234").status, 201);
    assert_eq!(driver.sandbox.file(&driver.account.id, path), Some(b"1234".to_vec()));
}

#[test]
fn a_url_is_for_one_method_path_and_time() {
    let driver = Driver::new();
    let upload = upload_url(&driver, 4);
    let path = driver.upload("PNG", b"1234");
    let download = download_url(&driver, &path);
    let change = |url: &Value, name: &str, value: Value| {
        let mut url = url.clone();
        url["queryParams"][name] = value;
        url
    };
    let later = |url: &Value| {
        let expires = url["queryParams"]["temp_url_expires"].as_str().expect("a text");
        (expires.parse::<i64>().expect("a number") + 60).to_string()
    };
    let elsewhere = |url: &Value| {
        let mut url = url.clone();
        url["relativePath"] = upload_url(&driver, 4)["relativePath"].clone();
        url
    };
    let wrong = [
        ("GET", upload.clone()),
        ("POST", upload.clone()),
        ("DELETE", upload.clone()),
        ("PUT", download.clone()),
        ("HEAD", download.clone()),
        ("PUT", change(&upload, "temp_url_sig", json!(""))),
        ("PUT", change(&upload, "temp_url_sig", json!("0".repeat(64)))),
        ("PUT", change(&upload, "temp_url_expires", json!(""))),
        ("PUT", change(&upload, "temp_url_expires", json!(later(&upload)))),
        ("GET", change(&download, "temp_url_expires", json!(later(&download)))),
        ("PUT", elsewhere(&upload)),
        ("GET", elsewhere(&download)),
    ];
    for (method, url) in wrong {
        assert_eq!(driver.store(method, &url, &[], b"1234").status, 401, "{method} {url}");
    }
    let bare = driver.url(&path);
    let reply = call(&driver.agent, "GET", &bare, &[], &[]).expect("an answer");
    assert_eq!(reply.status, 401);
    assert!(reply.text.starts_with("401 Unauthorized"), "{}", reply.text);
    let upload_path = upload["relativePath"].as_str().expect("a path");
    assert_eq!(driver.sandbox.file(&driver.account.id, upload_path), None);
    assert_eq!(driver.store("PUT", &upload, &[], b"1234").status, 201);
    assert_eq!(driver.store("GET", &download, &[], &[]).status, 200);
}

#[test]
fn urls_expire_on_request() {
    let (driver, other) = (Driver::new(), Driver::new());
    let path = driver.upload("PNG", b"1234");
    let (upload, download) = (upload_url(&driver, 4), download_url(&driver, &path));
    let theirs = upload_url(&other, 4);
    driver.sandbox.expire_storage_urls(&driver.account.id);
    assert_eq!(driver.store("PUT", &upload, &[], b"1234").status, 401);
    assert_eq!(driver.store("GET", &download, &[], &[]).status, 401);
    assert_eq!(driver.store("GET", &download_url(&driver, &path), &[], &[]).status, 200);
    assert_eq!(other.store("PUT", &theirs, &[], b"1234").status, 201, "another account");
}

#[test]
fn tokens_must_not_go_to_the_storage() {
    let driver = Driver::new();
    let path = driver.upload("PNG", b"1234");
    for header in ["Authorization", "X-LP-ON-BEHALF"] {
        for value in ["token", ""] {
            let headers = [(header, value)];
            let upload = upload_url(&driver, 4);
            assert_eq!(driver.store("PUT", &upload, &headers, b"1234").status, 400, "{header}");
            let download = download_url(&driver, &path);
            assert_eq!(driver.store("GET", &download, &headers, &[]).status, 400, "{header}");
        }
    }
}

#[test]
fn a_file_that_is_published_was_uploaded() {
    let driver = Driver::new();
    let id = driver.open();
    let file = json!({"relativePath": driver.upload("PNG", b"cat"), "fileType": "png"});
    let with = |name: &str, value: Value| {
        let mut file = file.clone();
        file[name] = value;
        file
    };
    let preview = |kind: &str, encoded: &str| {
        with("preview", json!(format!("data:image/{kind};base64,{encoded}")))
    };
    let agents = driver.sandbox.put_file(&driver.account.id, "dog.gif", b"dog");
    let good = [
        file.clone(),
        with("caption", json!("")),
        with("relativePath", json!(agents)),
        preview("png", "iVBORw0KGgo="),
        preview("jpeg", "AAAA"),
        preview("jpg", "AAAA"),
        preview("svg+xml", "AAAA"),
        preview("PNG", "AAAA"),
        with("fileType", json!("IMG")),
        with("caption", Value::Null),
        preview("gif", &"A".repeat(30_720)),
    ];
    for file in &good {
        let reply = driver.send(&event(&id, hosted(file.clone())));
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let never = upload_url(&driver, 3)["relativePath"].clone();
    let wrong = [
        json!("x"),
        Value::Null,
        with("relativePath", Value::Null),
        with("relativePath", json!("/v1/AUTH_async-images/cat.png")),
        with("relativePath", never),
        with("relativePath", json!(Driver::new().upload("PNG", b"x"))),
        with("fileType", Value::Null),
        with("fileType", json!("")),
        with("fileType", json!(".exe")),
        with("caption", json!(5)),
        with("preview", json!(5)),
        with("preview", json!("iVBORw0KGgo=")),
        preview("png", "iVBORw0KGgo"),
        preview("png", "iVBOR-_KGgo="),
        with("preview", json!("data:image/png,iVBORw0KGgo=")),
        with("preview", json!("data:text/png;base64,iVBORw0KGgo=")),
        preview("gif", &"A".repeat(30_724)),
    ];
    for file in wrong {
        let reply = driver.send(&event(&id, hosted(file.clone())));
        assert_eq!(reply.status, 400, "{}", file.to_string().chars().take(200).collect::<String>());
    }
    assert_eq!(driver.conversation()["events"].as_array().map(Vec::len), Some(good.len()));
}

#[test]
fn a_file_may_be_the_first_message() {
    let driver = Driver::new();
    let file = |path: &str| event("", hosted(json!({"relativePath": path, "fileType": "PNG"})));
    let path = driver.upload("PNG", b"cat");
    assert_eq!(driver.batch(&driver.opening_with(file(&path))).json()[2]["code"], "OK");
    let other = driver.with("bob");
    assert_eq!(other.batch(&other.opening_with(file("/v1/x"))).json()[2]["code"], 400);
}

#[test]
fn an_agent_puts_files() {
    let driver = Driver::new();
    let path = driver.sandbox.put_file(&driver.account.id, "a cat?/ä.jpg", vec![1, 2, 3]);
    assert!(path.ends_with("_a_cat___.jpg"), "{path}");
    let loaded = driver.store("GET", &download_url(&driver, &path), &[], &[]);
    assert_eq!((loaded.status, &*loaded.bytes), (200, &[1, 2, 3][..]));
    assert_eq!(loaded.headers["content-type"], "image/jpeg");
    for name in ["cat", "cat.", "cat.e-e"] {
        let put = || driver.sandbox.put_file(&driver.account.id, name, b"x");
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(put)).is_err(), "{name}");
    }
}

#[test]
fn the_storage_is_recorded_and_canned_for_each_account() {
    let (driver, other) = (Driver::new(), Driver::new());
    let url = upload_url(&driver, 4);
    let path = url["relativePath"].as_str().expect("a path");
    let answer = Answer::Status { status: 503, headers: Vec::new(), body: b"later".to_vec() };
    driver.sandbox.answer_next(&driver.account.id, Route::Storage, answer);
    other.upload("PNG", b"1234");
    assert_eq!(driver.store("PUT", &url, &[], b"1234").text, "later");
    assert_eq!(driver.sandbox.file(&driver.account.id, path), None);
    assert_eq!(driver.store("PUT", &url, &[], b"\xff234").status, 201);

    let requests = driver.sandbox.requests(&driver.account.id);
    let last = &requests[requests.len() - 2..];
    let seen: Vec<_> = last.iter().map(|it| (it.route, &*it.method, it.status)).collect();
    assert_eq!(seen, [(Route::Storage, "PUT", Some(503)), (Route::Storage, "PUT", Some(201))]);
    assert!(last[1].path.starts_with(&format!("{path}?temp_url_sig=")));
    assert_eq!(last[1].body, b"\xff234");
    let requests = other.sandbox.requests(&other.account.id);
    assert_eq!(requests.iter().filter(|request| request.route == Route::Storage).count(), 1);
}

#[test]
fn the_storage_breaks_off() {
    let driver = Driver::new();
    let try_put = |url: &Value| {
        let url = format!(
            "{}?temp_url_sig={}&temp_url_expires={}",
            driver.url(url["relativePath"].as_str().expect("a path")),
            url["queryParams"]["temp_url_sig"].as_str().expect("a text"),
            url["queryParams"]["temp_url_expires"].as_str().expect("a text")
        );
        call(&driver.agent, "PUT", &url, &[], b"1234")
    };
    for (answer, effect) in [(Answer::Reset, false), (Answer::Lose, true), (Answer::Cut, true)] {
        let url = upload_url(&driver, 4);
        driver.sandbox.answer_next(&driver.account.id, Route::Storage, answer.clone());
        assert!(try_put(&url).is_err(), "{answer:?}");
        let path = url["relativePath"].as_str().expect("a path");
        let held = driver.sandbox.file(&driver.account.id, path);
        assert_eq!(held.is_some(), effect, "{answer:?}");
    }
}

#[test]
fn the_control_api_handles_files() {
    let driver = Driver::new();
    let control = |method: &str, path: &str, body: &[u8]| {
        let url = format!("{}/accounts/{}/{path}", shared().control_url(), driver.account.id);
        call(&agent(), method, &url, &[], body).expect("an answer")
    };
    let put = control("POST", "files?type=PNG", &[0xff, 0, 1]);
    assert_eq!(put.status, 201);
    let path = put.json()["relativePath"].as_str().expect("a path").to_owned();
    let url = download_url(&driver, &path);
    assert_eq!(driver.store("GET", &url, &[], &[]).bytes, [0xff, 0, 1]);

    let uploaded = driver.upload("PDF", &[0xfe, 2]);
    assert_eq!(control("GET", &format!("files?path={uploaded}"), &[]).bytes, [0xfe, 2]);
    assert_eq!(control("POST", "expire-storage-urls", &[]).status, 200);
    assert_eq!(driver.store("GET", &url, &[], &[]).status, 401);

    let answer = json!({"route": "storage", "status": 500}).to_string();
    assert_eq!(control("POST", "answers", answer.as_bytes()).status, 200);
    assert_eq!(driver.store("GET", &download_url(&driver, &path), &[], &[]).status, 500);
    for (method, path, status) in [
        ("GET", "files", 400),
        ("GET", "files?path=/v1/x", 404),
        ("POST", "files", 400),
        ("POST", "files?type=E-E", 400),
        ("PUT", "files?type=PNG", 405),
        ("GET", "expire-storage-urls", 405),
    ] {
        let reply = control(method, path, &[]);
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(reply.json()["error"].is_string(), "{method} {path}");
    }
}
