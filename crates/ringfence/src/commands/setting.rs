//! `setting`.

use portal::admin::setting::{self, Of, SettingView};

use super::node_names;
use crate::cli::{SettingCommand, SettingOf};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, table};

/// `setting …`
pub async fn run(context: &Context, command: SettingCommand, output: Output) -> Result<(), Failure> {
    let (admin, by) = (&context.admin, &context.by());
    let settings = match command {
        SettingCommand::Show { of } => setting::show(admin, by, layer(of)).await?,
        SettingCommand::Set { of, entries } => setting::set(admin, by, layer(of), entries).await?,
    };
    let row = |one: &SettingView| vec![one.key.clone(), one.value.clone()];
    output.print(&settings, || table(&["KEY", "VALUE"], &settings.iter().map(row).collect::<Vec<_>>()))
}

fn layer(of: SettingOf) -> Of {
    match (of.device, of.model) {
        (Some(mac), _) => Of::Device(mac),
        (None, Some(kind)) => Of::Kind(kind),
        (None, None) => Of::Node(node_names(of.node)),
    }
}
