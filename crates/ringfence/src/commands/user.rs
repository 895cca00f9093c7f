//! `user`.

use portal::admin::user::{self, NewUser, Told, UserChange, UserView, Writing};
use serde_json::json;
use uuid::Uuid;

use super::{node_names, or_dash};
use crate::cli::UserCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `user …`
pub async fn run(context: &Context, command: UserCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    match command {
        UserCommand::Add(args) => {
            let writing = Writing { email: args.email, language: args.language, alerts: args.alerts.then_some(true) };
            let new = NewUser { name: args.name, role: args.role, at: node_names(args.node), writing };
            print(output, &user::add(admin, by, new).await?)
        }
        UserCommand::List => {
            let all = user::list(admin, by).await?;
            let headings = ["NAME", "ROLE", "SCOPE", "MAIL", "STATE"];
            output.print(&all, || table(&headings, &all.iter().map(row).collect::<Vec<_>>()))
        }
        UserCommand::Password { name } => {
            let change = UserChange { new_password: true, ..UserChange::default() };
            print(output, &user::update(admin, by, find(context, &name).await?, change, None).await?)
        }
        UserCommand::Disable { name } => switch(context, &name, true, output).await,
        UserCommand::Enable { name } => switch(context, &name, false, output).await,
        UserCommand::Remove { name } => {
            user::remove(admin, by, find(context, &name).await?).await?;
            output.print(&json!({ "removed": name }), || format!("removed {name}"))
        }
    }
}

async fn switch(context: &Context, name: &str, disabled: bool, output: Output) -> Result<(), Failure> {
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let told = user::update(&context.admin, &context.by(), find(context, name).await?, change, None).await?;
    output.print(&told.user, || format!("{name} {}", if disabled { "may not sign in any more" } else { "may sign in" }))
}

async fn find(context: &Context, name: &str) -> Result<Uuid, Failure> {
    let all = user::list(&context.admin, &context.by()).await?;
    let found = all.iter().find(|user| user.name == name).and_then(|user| user.id.parse().ok());
    found.ok_or_else(|| Failure::refused(format!("user {name:?}: not found; `ringfence user list` shows who there is")))
}

fn print(output: Output, told: &Told) -> Result<(), Failure> {
    let password = told.password.as_ref().map_or("", |password| password.expose().as_str());
    let user = &told.user;
    let made = json!({ "id": user.id, "user": user.name, "role": user.role, "password": password });
    output.print(&made, || format!("{} ({})\npassword: {password}\n(shown once; the portal is where they sign in)", user.name, user.role))
}

fn row(user: &UserView) -> Vec<String> {
    let state = if user.disabled { "disabled" } else { "active" };
    vec![user.name.clone(), user.role.to_owned(), user.scope.clone(), or_dash(user.email.as_ref()), state.to_owned()]
}
