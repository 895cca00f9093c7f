//! The runner of passes with a pass that is no brand's: several requests at once, uploads, a pass without end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::*;
use crate::behaviour::Behaviour;
use crate::client::Tls;
use crate::firmware::Work;
use crate::identity::Identity;

/// Says these steps, one after the other, and keeps what came.
struct Says {
    steps: Vec<Step>,
    came: std::sync::Arc<std::sync::Mutex<Vec<Came>>>,
}

impl Pass for Says {
    fn next(&mut self, _work: &mut Work<'_>, came: Came) -> Step {
        self.came.lock().unwrap().push(came);
        if self.steps.len() == 1 { self.steps[0].clone() } else { self.steps.remove(0) }
    }
}

/// A server that answers nothing until `together` requests are there, then 201 to uploads and the request's first line to others.
async fn server(together: usize) -> (Address, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let barrier = std::sync::Arc::new(Barrier::new(together));
        let mut answering = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let barrier = std::sync::Arc::clone(&barrier);
            answering.spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                    stream.read_buf(&mut request).await.unwrap();
                }
                barrier.wait().await;
                let line = String::from_utf8_lossy(&request).lines().next().unwrap().to_owned();
                let status = if line.starts_with("PUT") { "201 Created" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}", line.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    (address, serving)
}

async fn run(steps: Vec<Step>, server: &Address) -> (Ended, Vec<Came>, Transcript) {
    let mut phone = Phone::new(Identity::yealink_t46s("001565aabbcc".parse().unwrap()), Behaviour::unhurried(Tls::any()));
    let (came, mut transcript) = (std::sync::Arc::default(), Transcript::default());
    let pass = Box::new(Says { steps, came: std::sync::Arc::clone(&came) });
    let ended = phone.run(pass, server, &mut transcript).await;
    let came = came.lock().unwrap().clone();
    (ended, came, transcript)
}

fn bodies(came: &Came) -> Vec<String> {
    let Came::All(all) = came else { return Vec::new() };
    let body = |got: &Got| match got {
        Got::File(fetched) => String::from_utf8(fetched.body.to_vec()).unwrap(),
        other => format!("{other:?}"),
    };
    all.iter().map(body).collect()
}

#[tokio::test]
async fn several_requests_are_under_way_at_once_and_their_answers_keep_the_order() {
    let (at, _serving) = server(3).await;
    let file = |name: &str| at.file(name, crate::Slash::One);
    let old = Ask { http_10: true, ..Ask::get(file("b")) };
    let asks = vec![Ask::get(file("a")), old, Ask::put(file("c"), "log")];
    let (ended, came, transcript) = run(vec![Step::Ask(asks), Step::End(Ended::Unchanged)], &at).await;
    assert_eq!(ended, Ended::Unchanged);
    assert_eq!(bodies(&came[1]), ["GET /a HTTP/1.1", "GET /b HTTP/1.0", "PUT /c HTTP/1.1"]);
    assert_eq!(transcript.outline(), ["a 200", "b 200", "c 201"]);
}

#[tokio::test]
async fn a_pass_without_end_is_ended() {
    let (at, _serving) = server(1).await;
    let (ended, came, _) = run(vec![Step::get(at.clone())], &at).await;
    assert_eq!((ended, came.len()), (Ended::Failed, REQUESTS_MAX));
}
