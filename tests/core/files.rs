//! Files: checked, uploaded, published, downloaded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lpc_sandbox::{Answer, Route};
use lpconnector::{Attachment, Status};
use serde_json::{Value, json};

use crate::scene::{Scene, json, status_answer};

/// A PNG as far as its first bytes tell, of any length and content.
fn png(length: usize, seed: u8) -> Vec<u8> {
    let mut data = b"\x89PNG\r\n\x1a\n".to_vec();
    data.extend((data.len()..length).map(|n| (n as u8).wrapping_mul(31) ^ seed));
    data
}

fn written(directory: &Path, name: &str, data: &[u8]) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, data).unwrap();
    path
}

#[cfg(unix)]
fn pipe(directory: &Path) -> PathBuf {
    let path = directory.join("pipe.png");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

fn published(scene: &Scene) -> Value {
    json(scene.requests_on(Route::Send).last().unwrap())["body"]["event"].clone()
}

#[test]
fn a_file_is_uploaded_and_published_in_one_call() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), "photo.Png", &png(200_000, 1));
    let preview = written(directory.path(), "small", &png(500, 2));
    let attachment =
        Attachment::from_path(&path).caption("Look \u{202e}here").preview_from_path(&preview);
    let response = conversation.send_file(&attachment).unwrap();
    assert_eq!(response.code(), "OK");

    let sent = scene.requests_on(Route::Send);
    assert_eq!(json(&sent[0])["type"], "ms.GenerateURLForUploadFile");
    assert_eq!(json(&sent[0])["body"], json!({"fileSize": "200000", "fileType": "PNG"}));
    let event = published(&scene);
    assert_eq!(event["contentType"], "hosted/file");
    assert_eq!(event["message"]["caption"], "Look \u{202e}here");
    assert_eq!(event["message"]["fileType"], "PNG");
    let shown = event["message"]["preview"].as_str().unwrap();
    assert!(shown.starts_with("data:image/png;base64,iVBORw0KGg"));
    let stored = event["message"]["relativePath"].as_str().unwrap();
    assert!(scene.sandbox.file(&scene.account.id, stored).unwrap() == png(200_000, 1));

    let [upload] = &scene.requests_on(Route::Storage)[..] else { panic!("one upload") };
    assert_eq!(upload.method, "PUT");
    assert_eq!(upload.header("authorization"), None);
    assert_eq!(upload.header("x-lp-on-behalf"), None);
    assert_eq!(upload.header("content-length"), Some("200000"));
}

#[test]
fn a_file_in_memory_is_sent_with_an_empty_caption_and_no_preview() {
    let scene = Scene::new();
    scene.conversation().send_file(&Attachment::from_bytes(b"GIF89a...", "gif")).unwrap();
    let message = published(&scene)["message"].clone();
    let members: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(members, ["caption", "fileType", "relativePath"]);
    assert_eq!(message["caption"], "", "the vendor's schema wants one");
    assert_eq!(message["fileType"], "GIF");
}

#[test]
fn the_options_of_a_file_may_be_json() {
    let scene = Scene::with(&[("file.preview.max.bytes", "100")]);
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let options = |preview: &[u8]| {
        let path = written(directory.path(), "small.jpg", preview);
        let metadata = json!([{"type": "ExternalId", "id": "fb-1"}]);
        json!({"caption": "A photo", "previewPath": path, "metadata": metadata}).to_string()
    };
    // The service counts the preview in base64: 75 bytes are 100 characters.
    let photo = png(200, 0);
    let file = || Attachment::from_bytes(&photo, "PNG");
    let jpeg = |len: usize| [&b"\xff\xd8\xff"[..], &vec![0; len - 3]].concat();
    conversation.send_file(&file().with_options(&options(&jpeg(75))).unwrap()).unwrap();
    let event = published(&scene);
    assert_eq!(event["message"]["caption"], "A photo");
    let preview = event["message"]["preview"].as_str().unwrap();
    assert!(preview.starts_with("data:image/jpeg;base64,/9j/"), "{preview}");
    let sent = scene.requests_on(Route::Send);
    assert_eq!(json(&sent[1])["metadata"], json!([{"type": "ExternalId", "id": "fb-1"}]));

    let large = file().with_options(&options(&jpeg(76))).unwrap();
    let error = conversation.send_file(&large).unwrap_err();
    assert!(error.message().contains("more than 100 bytes in base64"), "{error}");
    let error = file().with_options(r#"{"preview_path":"x"}"#).unwrap_err();
    assert!(error.message().ends_with("did you mean 'previewPath'?"), "{error}");
}

#[test]
fn a_bad_file_is_refused_before_anything_is_sent() {
    let scene = Scene::with(&[("file.max.bytes", "1000"), ("file.preview.max.bytes", "100")]);
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let file = |name, data: &[u8]| Attachment::from_path(written(directory.path(), name, data));
    let good = png(20, 0);
    let small = || Attachment::from_bytes(&good, "PNG");
    let large = png(101, 0);
    for (attachment, status, says) in [
        (file("a.png", &png(1001, 0)), Status::InvalidArgument, "1001 bytes; allowed: 1000"),
        (file("b.png", b""), Status::InvalidArgument, "empty"),
        (file("c.jpg", &good), Status::InvalidArgument, "named JPG, but its content is PNG"),
        (file("d.png", b"<html>"), Status::InvalidArgument, "but its content is not"),
        (file("e", &good), Status::InvalidArgument, "not a file type"),
        (Attachment::from_path("/nonexistent.png"), Status::Io, "/nonexistent.png"),
        (Attachment::from_path(directory.path()), Status::Io, "not a regular file"),
        // Opening a pipe would wait for who writes into it.
        #[cfg(unix)]
        (Attachment::from_path(pipe(directory.path())), Status::Io, "not a regular file"),
        (small().preview_from_bytes(&large), Status::InvalidArgument, "more than 100 bytes"),
        (small().preview_from_bytes(b"text"), Status::InvalidArgument, "not a picture"),
        (small().preview_from_path("/nonexistent.gif"), Status::Io, "/nonexistent.gif"),
    ] {
        let error = conversation.send_file(&attachment).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert!(error.message().contains(says), "{error}");
    }
    assert_eq!(scene.requests_on(Route::Send).len(), 0);
    conversation.send_file(&small()).unwrap();
}

#[test]
fn an_expired_storage_url_is_asked_for_again_once() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let data = png(3000, 3);
    scene.answer_with(Route::Storage, 401, "expired");
    conversation.send_file(&Attachment::from_bytes(&data, "PNG")).unwrap();
    let types: Vec<Value> =
        scene.requests_on(Route::Send).iter().map(|r| json(r)["type"].clone()).collect();
    let url = "ms.GenerateURLForUploadFile";
    assert_eq!(types, [url, url, "ms.PublishEvent"]);

    scene.answer_with(Route::Storage, 401, "expired");
    scene.answer_with(Route::Storage, 401, "expired again");
    let error = conversation.send_file(&Attachment::from_bytes(&data, "PNG")).unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Unauthorized, 401));
    assert!(error.message().starts_with("uploading the file: "), "{error}");
    assert!(!error.maybe_delivered());
    assert_eq!(scene.requests_on(Route::Storage).len(), 4);
}

#[test]
fn a_file_is_downloaded_whole_or_not_at_all() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("got.png");
    let data = png(100_000, 4);
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", data.clone());
    conversation.download_file(&stored, &to).unwrap();
    assert!(std::fs::read(&to).unwrap() == data);

    // Over an older file, also where the first URL has expired.
    std::fs::write(&to, "old").unwrap();
    scene.answer_with(Route::Storage, 401, "expired");
    conversation.download_file(&stored, &to).unwrap();
    assert!(std::fs::read(&to).unwrap() == data);

    std::fs::write(&to, "old").unwrap();
    for (answer, status) in [
        (status_answer(404, &[], "gone"), Status::Rejected),
        (Answer::Cut, Status::Connect),
        (Answer::Reset, Status::Connect),
    ] {
        scene.answer(Route::Storage, answer);
        let error = conversation.download_file(&stored, &to).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
    }
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no half file is left: {left:?}");
    let nowhere = directory.path().join("no/such/folder");
    assert_eq!(conversation.download_file(&stored, &nowhere).unwrap_err().status(), Status::Io);
    let requests = scene.requests_on(Route::Storage);
    assert!(requests.iter().all(|r| r.header("authorization").is_none()));
}

#[test]
fn a_download_beyond_the_limit_is_refused() {
    let scene = Scene::with(&[("response.max.bytes", "5000")]);
    let directory = tempfile::tempdir().unwrap();
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(5001, 0));
    let to = directory.path().join("x.png");
    let error = scene.conversation().download_file(&stored, &to).unwrap_err();
    assert_eq!(error.status(), Status::Protocol);
    assert!(error.message().contains("response.max.bytes"), "{error}");
    assert!(!to.exists());
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(5000, 0));
    scene.another_conversation().download_file(&stored, &to).unwrap();
}

#[test]
fn progress_is_told_in_both_directions() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let tell = told.clone();
    conversation.set_progress(Some(Box::new(move |done, total| {
        tell.lock().unwrap().push((done, total));
    })));
    let data = png(200_000, 5);
    conversation.send_file(&Attachment::from_bytes(&data, "PNG")).unwrap();
    let up = std::mem::take(&mut *told.lock().unwrap());
    let stored = published(&scene)["message"]["relativePath"].as_str().unwrap().to_owned();
    let directory = tempfile::tempdir().unwrap();
    conversation.download_file(&stored, &directory.path().join("x.png")).unwrap();
    let down = std::mem::take(&mut *told.lock().unwrap());
    for told in [up, down] {
        assert!(told.len() > 1, "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(told.last(), Some(&(200_000, 200_000)));
    }
    conversation.set_progress(None);
    conversation.send_file(&Attachment::from_bytes(&data, "PNG")).unwrap();
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_an_error_at_once() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), "shrinks.png", &png(200_000, 6));
    let shrink = path.clone();
    conversation.set_progress(Some(Box::new(move |_, _| {
        std::fs::OpenOptions::new().write(true).open(&shrink).unwrap().set_len(10).unwrap();
    })));
    let error = conversation.send_file(&Attachment::from_path(&path)).unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert!(error.message().contains("became shorter"), "{error}");
    assert!(!error.maybe_delivered());
    assert_eq!(scene.texts().len(), 0);
}

#[test]
fn a_stalled_storage_ends_in_time_and_delivered_nothing() {
    let scene = Scene::with(&[("request.timeout.ms", "2000")]);
    let conversation = scene.conversation();
    scene.answer(Route::Storage, Answer::Stall);
    let error = conversation.send_file(&Attachment::from_bytes(b"GIF89a", "GIF")).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(!error.maybe_delivered());
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(10, 0));
    scene.answer(Route::Storage, Answer::Stall);
    let directory = tempfile::tempdir().unwrap();
    let error = conversation.download_file(&stored, &directory.path().join("x")).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    // Nor did an unreadable or lost answer to the question where the file may go.
    scene.answer_with(Route::Send, 200, "<html>");
    let error = conversation.send_file(&Attachment::from_bytes(b"GIF89a", "GIF")).unwrap_err();
    assert_eq!((error.status(), error.maybe_delivered()), (Status::Protocol, false));
    scene.answer(Route::Send, Answer::Reset);
    let error = conversation.send_file(&Attachment::from_bytes(b"GIF89a", "GIF")).unwrap_err();
    assert_eq!((error.status(), error.maybe_delivered()), (Status::Connect, false));
}

#[test]
fn threads_that_send_files_and_texts_at_once_lose_and_mix_nothing() {
    const THREADS: u8 = 10;
    let scene = Scene::new();
    let shared = scene.conversation();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (scene, shared) = (&scene, shared.clone());
            scope.spawn(move || {
                let own = scene.client.consumer(&format!("consumer {thread}")).unwrap();
                let own = own.open(&Default::default()).unwrap();
                for n in 0..5_u8 {
                    let data = png(20_000 + usize::from(thread) * 1000 + usize::from(n), thread);
                    let caption = format!("file {thread} {n}");
                    for conversation in [&own, &shared] {
                        conversation.send_text(&format!("text {thread} {n}")).unwrap();
                        let attachment =
                            Attachment::from_bytes(&data, "PNG").caption(caption.as_str());
                        conversation.send_file(&attachment).unwrap();
                    }
                }
            });
        }
    });

    let conversations = scene.sandbox.conversations(&scene.account.id);
    let mut files = 0;
    for conversation in &conversations {
        let is_shared = conversation["id"] == shared.id();
        for thread in 0..THREADS {
            // What one thread sent into one conversation, in order.
            let events = conversation["events"].as_array().unwrap().iter().map(|e| &e["event"]);
            let of_thread: Vec<(String, &Value)> = events
                .filter_map(|event| {
                    let message = &event["message"];
                    let text = message.as_str().or(message["caption"].as_str())?;
                    text.split(' ').nth(1).filter(|t| **t == thread.to_string())?;
                    Some((text.to_owned(), message))
                })
                .collect();
            if of_thread.is_empty() {
                assert!(!is_shared);
                continue;
            }
            let expected: Vec<String> = (0..5)
                .flat_map(|n| [format!("text {thread} {n}"), format!("file {thread} {n}")])
                .collect();
            let texts: Vec<&String> = of_thread.iter().map(|(text, _)| text).collect();
            assert!(texts.iter().copied().eq(expected.iter()), "{texts:?}");
            for (n, (_, message)) in
                of_thread.iter().filter(|(t, _)| t.starts_with('f')).enumerate()
            {
                let path = message["relativePath"].as_str().unwrap();
                let stored = scene.sandbox.file(&scene.account.id, path).unwrap();
                assert!(stored == png(20_000 + usize::from(thread) * 1000 + n, thread));
                files += 1;
            }
        }
    }
    assert_eq!(files, usize::from(THREADS) * 5 * 2);
}

#[cfg(unix)]
#[test]
fn a_download_keeps_the_mode_of_the_file_that_it_replaces() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let scene = Scene::new();
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(1000, 1));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let to = written(directory.path(), "old.png", b"old");
    for kept in [0o600, 0o640, 0o666, 0o755, 0o400] {
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(kept)).unwrap();
        conversation.download_file(&stored, &to).unwrap();
        assert_eq!(mode(&to), kept);
        assert_eq!(std::fs::read(&to).unwrap().len(), 1000);
    }
    // Nobody else's eyes on it while it comes, either.
    std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (seen, folder) = (Arc::new(Mutex::new(Vec::new())), directory.path().to_owned());
    let modes = seen.clone();
    conversation.set_progress(Some(Box::new(move |_, _| {
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        modes.lock().unwrap().extend(files.map(|file| mode(&file)));
    })));
    conversation.download_file(&stored, &to).unwrap();
    conversation.set_progress(None);
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 1 && seen.iter().all(|mode| *mode == 0o600), "{seen:?}");

    // A new one has the mode that any new file has.
    let new = directory.path().join("new.png");
    conversation.download_file(&stored, &new).unwrap();
    assert_eq!(mode(&new), mode(&written(directory.path(), "any", b"")));

    // Behind a link it is the file that is replaced, and the link stays.
    let link = directory.path().join("link.png");
    symlink("old.png", &link).unwrap();
    let other = scene.sandbox.put_file(&scene.account.id, "b.png", png(2000, 1));
    conversation.download_file(&other, &link).unwrap();
    assert!(link.is_symlink() && mode(&to) == 0o600);
    assert_eq!(std::fs::read(&to).unwrap().len(), 2000);
}

#[cfg(unix)]
#[test]
fn a_download_replaces_nothing_but_a_regular_file_and_asks_nobody_before_it_knows() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let directory = tempfile::tempdir().unwrap();
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(1000, 1));
    let folder = directory.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(directory.path().join("socket"));
    let link = |name: &str, to: &Path| {
        let link = directory.path().join(name);
        std::os::unix::fs::symlink(to, &link).unwrap();
        link
    };
    let kinds = || {
        let files = std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap());
        let mut kinds: Vec<_> =
            files.map(|file| (file.file_name(), file.file_type().unwrap())).collect();
        kinds.sort_by(|a, b| a.0.cmp(&b.0));
        kinds
    };
    let refused = [
        folder.clone(),
        pipe(directory.path()),
        directory.path().join("socket"),
        PathBuf::from("/dev/null"),
        link("to-folder", &folder),
        link("to-pipe", &directory.path().join("pipe.png")),
        link("to-nothing", &directory.path().join("nothing")),
        link("to-itself", &directory.path().join("to-itself")),
        directory.path().join("new.png/"),
        directory.path().join("no/such/folder"),
        PathBuf::new(),
    ];
    let (before, asked) = (kinds(), scene.requests().len());
    for path in refused {
        let error = conversation.download_file(&stored, &path).unwrap_err();
        assert_eq!(error.status(), Status::Io, "{error}");
        assert!(error.message().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(scene.requests().len(), asked);
    assert_eq!(kinds(), before);
}

/// In a process of its own, where no file may grow beyond what a full disk would leave it.
#[cfg(unix)]
#[test]
fn a_download_for_which_there_is_no_room_leaves_the_old_file() {
    const TO: &str = "LPC_TEST_DOWNLOAD_TO";
    let Some(to) = std::env::var_os(TO).map(PathBuf::from) else {
        let directory = tempfile::tempdir().unwrap();
        let to = written(directory.path(), "old.png", b"old");
        let limited = r#"trap '' XFSZ; ulimit -f 64; exec "$0" "$@""#;
        let test = "files::a_download_for_which_there_is_no_room_leaves_the_old_file";
        let child = std::process::Command::new("sh")
            .args(["-c", limited])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(TO, &to)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no half file is left");
        return;
    };
    let scene = Scene::new();
    let stored = scene.sandbox.put_file(&scene.account.id, "a.png", png(200_000, 1));
    let error = scene.conversation().download_file(&stored, &to).unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert!(error.message().contains("the file cannot be written"), "{error}");
}
