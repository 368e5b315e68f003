//! How the house is set up, and what needs mending.

use crate::prelude::*;
use api::account::{ChangeUser, NewUser, RightsTable, User};
use api::campaign::RuleSetSummary;
use api::health::{Doctor, DoctorFinding};
use api::ids::{UserId, VendorId};
use api::vendor::{Enrolment, NewVendor, Vendor};
use api::{Right, Role};

use crate::api_client;
use crate::browser;
use crate::components::{
    attempt::Attempt,
    dialog, field, figure,
    loader::Loader,
    mark::{self, Status},
    notice,
};
use crate::format;
use crate::i18n::{self, Language, Text, words};
use crate::json;
use crate::router::Section;
use crate::state::state;
use crate::t;

/// A section of the settings.
pub(crate) fn page(section: Section) -> AnyView {
    let tab = |href: &'static str, name: Text, own: Section, shown: bool| {
        shown.then(|| view! { <a href=href aria-current=(section == own).then_some("page")>{name}</a> })
    };
    let may = |right| state().may(right);
    let section = match section {
        Section::Doctor if !may(Right::ReadDoctor) => {
            if may(Right::ManageVendors) {
                Section::Vendors
            } else {
                Section::Rights
            }
        }
        section => section,
    };
    view! {
        <header class="page-head"><h1>{t!(rail.settings)}</h1></header>
        <nav class="tabs" aria-label=t!(rail.settings)>
            {tab("/settings/doctor", t!(settings.doctor), Section::Doctor, may(Right::ReadDoctor))}
            {tab("/settings/people", t!(settings.people), Section::People, may(Right::ManageAccounts))}
            {tab("/settings/rights", t!(settings.rights), Section::Rights, true)}
            {tab("/settings/vendors", t!(settings.vendors), Section::Vendors, may(Right::ManageVendors))}
            {tab("/settings/rules", t!(settings.rules), Section::Rules, true)}
        </nav>
        {match section {
            Section::Doctor => doctor(),
            Section::People => people(),
            Section::Rights => rights(),
            Section::Vendors => vendors(),
            Section::Rules => rules(),
        }}
    }
    .into_any()
}

// Doctor

fn doctor() -> AnyView {
    let doctor = Loader::new(api_client::archive::doctor);
    view! {
        {doctor.show(|doctor| findings(&doctor))}
        <div class="actions"><button type="button" on:click=move |_| doctor.again()>{t!(settings.look_again)}</button></div>
    }
    .into_any()
}

fn findings(doctor: &Doctor) -> AnyView {
    view! {
        <ul class="doctor">{doctor.findings.iter().map(finding).collect_view()}</ul>
        <p class="dim">{t!(settings.version, version = doctor.version)}</p>
    }
    .into_any()
}

/// The client's own words where it has them, the server's English where it has not.
fn finding(finding: &DoctorFinding) -> AnyView {
    let fill = |text: String| {
        finding.params.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let heading =
        words::doctor(&finding.code).map_or_else(|| finding.text.clone(), |text| fill(text.say().to_owned()));
    let mend =
        words::mend(&finding.code).map_or_else(|| finding.mend.clone(), |text| fill(text.say().to_owned()));
    view! {
        <li>
            <p title=finding.code.clone()>{mark::mark(Status::of_level(&finding.level), heading)}</p>
            {(finding.level != "ok" && !mend.is_empty()).then(|| view! { <p>{t!(settings.mend)} " " {mend}</p> })}
        </li>
    }
    .into_any()
}

// People

fn people() -> AnyView {
    let users = Loader::new(api_client::accounts::users);
    let creating = RwSignal::new(false);
    view! {
        {state().may(Right::ManageAccounts).then(|| view! {
            <div class="actions"><button type="button" class="primary" on:click=move |_| creating.set(true)>{t!(settings.new_user)}</button></div>
        })}
        {users.show(move |all| people_table(&all, users))}
        {dialog::dialog(creating, t!(settings.new_user), || (), move || user_form(creating, None, users))}
    }
    .into_any()
}

fn people_table(all: &[User], users: Loader<Vec<User>>) -> AnyView {
    view! {
        <div class="scroll"><table class="dense rows">
            <thead><tr><th>{t!(settings.account)}</th><th>{t!(settings.name)}</th><th>{t!(settings.roles)}</th><th>{t!(settings.active)}</th><th>{t!(settings.last_seen)}</th><th><span class="sr-only">{t!(settings.actions)}</span></th></tr></thead>
            <tbody>{all.iter().map(|user| {
                let roles: Vec<_> = user.roles.iter().map(|role| i18n::name_of(words::role, role)).collect();
                let changing = RwSignal::new(false);
                let kept = user.clone();
                view! {
                    <tr>
                        <td>{user.account.clone()}</td><td>{user.name.clone()}</td><td>{format::list(&roles)}</td>
                        <td>{if user.active { mark::mark(Status::Ok, t!(settings.may_sign_in)) } else { mark::mark(Status::Stop, t!(settings.may_not_sign_in)) }}</td>
                        <td>{user.last_seen.map(format::when)}</td>
                        <td><button type="button" class="quiet" on:click=move |_| changing.set(true)>{t!(settings.change)}</button>
                            {dialog::dialog(changing, t!(settings.change_user), || (), move || user_form(changing, Some(kept.clone()), users))}</td>
                    </tr>
                }
            }).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// Gives an account a new password.
fn reset_form(id: UserId) -> AnyView {
    let password = RwSignal::new(String::new());
    let attempt = Attempt::new();
    let submit = move || {
        attempt.run(api_client::accounts::reset_password(id, password.get_untracked()), |()| {
            state().tell(t!(settings.password_reset))
        });
        password.set(String::new());
    };
    view! {
        <form class="row" on:submit=move |event| { event.prevent_default(); submit(); }>
            {field::text("reset-password", t!(settings.new_password), "password", password)}
            <button type="submit" disabled=move || attempt.busy() || password.get().is_empty()>{t!(settings.new_password)}</button>
            {attempt.refusal()}
        </form>
    }
    .into_any()
}

fn user_form(open: RwSignal<bool>, kept: Option<User>, users: Loader<Vec<User>>) -> AnyView {
    let account = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let name = RwSignal::new(kept.as_ref().map(|user| user.name.clone()).unwrap_or_default());
    let active = RwSignal::new(kept.as_ref().is_none_or(|user| user.active));
    let held = |role| kept.as_ref().is_some_and(|user| user.roles.contains(&role));
    let roles = Role::ALL.map(|role| (role, RwSignal::new(held(role))));
    let chosen =
        move || roles.into_iter().filter(|(_, held)| held.get()).map(|(role, _)| role).collect::<Vec<_>>();
    let clash = move || {
        let chosen = chosen();
        chosen.iter().find_map(|a| chosen.iter().find(|b| a.excludes(**b)).map(|b| (*a, *b)))
    };
    let id = kept.as_ref().map(|user| user.id);
    let attempt = Attempt::new();
    let submit = move || {
        let (account, password) = (account.get_untracked().trim().to_owned(), password.get_untracked());
        let (name, active, roles) =
            (name.get_untracked().trim().to_owned(), active.get_untracked(), untrack(chosen));
        let work = async move {
            match id {
                Some(id) => api_client::accounts::change_user(id, &ChangeUser { name, roles, active }).await,
                None => api_client::accounts::create_user(&NewUser { account, name, roles, password }).await,
            }
        };
        attempt.run(work, move |_| {
            open.set(false);
            users.again();
        });
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            {id.is_none().then(|| field::hinted("new-account", t!(settings.account), "text", account, t!(settings.account_hint)))}
            {field::text("new-name", t!(settings.name), "text", name)}
            {id.is_none().then(|| field::text("new-first-password", t!(settings.first_password), "password", password))}
            <fieldset class="options"><legend>{t!(settings.roles)}</legend>
                {roles.into_iter().map(|(role, held)| field::tick(format!("role-{}", i18n::code_of(role)), i18n::name_of(words::role, role), held)).collect_view()}
            </fieldset>
            {move || clash().map(|(a, b)| view! {
                <p class="refusal">{mark::shape(Status::Stop)} {t!(settings.clash, a = i18n::name_of(words::role, a), b = i18n::name_of(words::role, b))}</p>
            })}
            {id.is_some().then(|| field::tick("user-active".to_owned(), t!(settings.may_sign_in), active))}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || clash().is_some()>{t!(dossier.save)}</button>
            </div>
        </form>
        {id.map(reset_form)}
    }
    .into_any()
}

// Roles × rights

fn rights() -> AnyView {
    let rights = Loader::new(api_client::accounts::rights);
    rights.show(|table| rights_table(&table))
}

fn rights_table(table: &RightsTable) -> AnyView {
    let mut all = Vec::<Right>::new();
    for right in table.roles.iter().flat_map(|row| &row.rights) {
        if !all.contains(right) {
            all.push(*right);
        }
    }
    let row = |right: Right| {
        view! {
            <tr><th scope="row">{i18n::name_of(words::right, right)}</th>
                {table.roles.iter().map(|role| {
                    let has = role.rights.contains(&right);
                    view! { <td class="center">{if has { view! { <span aria-hidden="true">"●"</span><span class="sr-only">{t!(settings.has)}</span> }.into_any() } else { view! { <span class="sr-only">{t!(settings.has_not)}</span> }.into_any() }}</td> }
                }).collect_view()}
            </tr>
        }
    };
    view! {
        <div class="scroll"><table class="dense rights">
            <thead><tr><th>{t!(settings.right)}</th>{table.roles.iter().map(|role| view! { <th class="center">{i18n::name_of(words::role, role.role)}</th> }).collect_view()}</tr></thead>
            <tbody>{all.into_iter().map(row).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

// Vendors

fn vendors() -> AnyView {
    let vendors = Loader::new(api_client::deliveries::vendors);
    let registering = RwSignal::new(false);
    let registered = RwSignal::new(None::<Enrolment>);
    let revoking = RwSignal::new(None::<VendorId>);
    view! {
        <div class="actions"><button type="button" class="primary" on:click=move |_| registering.set(true)>{t!(settings.register)}</button></div>
        {move || registered.get().map(|enrolment| enrolment_view(&enrolment))}
        {vendors.show(move |all| if all.is_empty() {
            notice::empty(t!(settings.no_vendors), t!(settings.no_vendors_how))
        } else {
            vendor_table(&all, registered, revoking)
        })}
        {dialog::dialog(registering, t!(settings.register), || (), move || vendor_form(registering, registered, vendors))}
        {revoke_dialog(revoking, vendors)}
    }
    .into_any()
}

fn vendor_table(
    all: &[Vendor],
    shown: RwSignal<Option<Enrolment>>,
    revoking: RwSignal<Option<VendorId>>,
) -> AnyView {
    let attempt = Attempt::new();
    let row = |vendor: &Vendor| {
        let id = vendor.id;
        view! {
            <tr>
                <td>{vendor.name.clone()}</td><td>{vendor.legal_name.clone()}</td>
                <td>{if vendor.active { mark::mark(Status::Ok, t!(settings.may_connect)) } else { mark::mark(Status::Stop, t!(settings.may_not_connect)) }}</td>
                <td>{format::when(vendor.created)}</td><td>{format::when(vendor.expires)}</td>
                <td><code class="digest" title=vendor.fingerprint.clone()>{vendor.fingerprint.get(..16).unwrap_or_default().to_owned()} "…"</code></td>
                <td><button type="button" class="quiet" disabled=move || attempt.busy()
                    on:click=move |_| attempt.run(api_client::deliveries::enrolment(id), move |enrolment| shown.set(Some(enrolment)))>{t!(settings.enrolment)}</button>
                    {vendor.active.then(|| view! { <button type="button" class="quiet" on:click=move |_| revoking.set(Some(id))>{t!(settings.revoke)}</button> })}</td>
            </tr>
        }
    };
    view! {
        {attempt.refusal()}
        <div class="scroll"><table class="dense rows">
            <thead><tr><th>{t!(settings.vendor)}</th><th>{t!(settings.signatory)}</th><th>{t!(settings.active)}</th><th>{t!(settings.registered)}</th><th>{t!(settings.expires)}</th><th>{t!(settings.fingerprint)}</th><th><span class="sr-only">{t!(settings.actions)}</span></th></tr></thead>
            <tbody>{all.iter().map(row).collect_view()}</tbody>
        </table></div>
    }
    .into_any()
}

/// Takes a vendor's certificate back. The question names the vendor, and the answer is not the default key.
fn revoke_dialog(revoking: RwSignal<Option<VendorId>>, vendors: Loader<Vec<Vendor>>) -> AnyView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(revoking.get().is_some()));
    let attempt = Attempt::new();
    let revoke = move |_| {
        let Some(id) = revoking.get_untracked() else { return };
        attempt.run(api_client::deliveries::revoke_vendor(id), move |_| {
            revoking.set(None);
            vendors.again();
        });
    };
    dialog::dialog(
        open,
        t!(settings.revoke),
        move || revoking.set(None),
        move || {
            let all = vendors.now().unwrap_or_default();
            let name = all
                .into_iter()
                .find(|v| Some(v.id) == revoking.get_untracked())
                .map(|v| v.name)
                .unwrap_or_default();
            view! {
            <p>{t!(settings.revoke_means, name = name)}</p>
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| revoking.set(None)>{t!(common.cancel)}</button>
                <button type="button" disabled=move || attempt.busy() on:click=revoke>{t!(settings.revoke)}</button>
            </div>
        }
        .into_any()
        },
    )
}

/// What the vendor's agent needs, to hand over as one file.
fn enrolment_view(enrolment: &Enrolment) -> AnyView {
    let text = json::write_for_people(enrolment);
    let name = format!("enrolment-{}.json", enrolment.vendor.id);
    let save = move |_| {
        if browser::save_as(&name, "application/json", &text).is_err() {
            state().tell(t!(failure.not_saved));
        }
    };
    view! {
        <section class="panel">
            <h2>{t!(settings.enrolment_of, name = enrolment.vendor.name)}</h2>
            <p>{t!(settings.enrolment_how)}</p>
            <dl class="facts">
                {figure::fact(t!(settings.address), &*enrolment.address, false)}
                {figure::fact(t!(settings.fingerprint), &*enrolment.vendor.fingerprint, false)}
                {figure::fact(t!(settings.school_key), &*enrolment.school_key, false)}
                {figure::fact(t!(settings.ledger_key), &*enrolment.ledger_key, false)}
            </dl>
            <div class="actions"><button type="button" class="primary" on:click=save>{t!(settings.save_enrolment)}</button></div>
        </section>
    }
    .into_any()
}

fn vendor_form(
    open: RwSignal<bool>,
    registered: RwSignal<Option<Enrolment>>,
    vendors: Loader<Vec<Vendor>>,
) -> AnyView {
    let text = || RwSignal::new(String::new());
    let (name, legal_name, csr, agent_key, legal_key) = (text(), text(), text(), text(), text());
    let attempt = Attempt::new();
    let complete = move || {
        [name, legal_name, csr, agent_key, legal_key].iter().all(|field| !field.get().trim().is_empty())
    };
    let submit = move || {
        let read = |field: RwSignal<String>| field.get_untracked().trim().to_owned();
        let vendor = NewVendor {
            name: read(name),
            csr: format!("{}\n", read(csr)),
            agent_key: read(agent_key),
            legal_key: read(legal_key),
            legal_name: read(legal_name),
        };
        attempt.run(
            async move { api_client::deliveries::register_vendor(&vendor).await },
            move |enrolment| {
                open.set(false);
                registered.set(Some(enrolment));
                vendors.again();
            },
        );
    };
    view! {
        <form on:submit=move |event| { event.prevent_default(); submit(); }>
            <p>{t!(settings.register_how)}</p>
            <div class="form-grid">
                {field::text("vendor-name", t!(settings.vendor), "text", name)}
                {field::text("vendor-legal", t!(settings.signatory), "text", legal_name)}
            </div>
            {field::lines("vendor-csr", t!(settings.csr), 6, csr)}
            {field::text("vendor-agent-key", t!(settings.agent_key), "text", agent_key)}
            {field::text("vendor-legal-key", t!(settings.legal_key), "text", legal_key)}
            {attempt.refusal()}
            <div class="actions">
                <button type="button" on:click=move |_| open.set(false)>{t!(common.cancel)}</button>
                <button type="submit" class="primary" disabled=move || attempt.busy() || !complete()>{t!(settings.register)}</button>
            </div>
        </form>
    }
    .into_any()
}

// Rule sets

fn rules() -> AnyView {
    let rules = Loader::new(api_client::campaigns::rule_sets);
    rules.show(|sets| {
        if sets.is_empty() {
            notice::empty(t!(settings.no_rules), t!(settings.no_rules_how))
        } else {
            sets.iter().map(rule_set).collect_view().into_any()
        }
    })
}

fn rule_set(set: &RuleSetSummary) -> AnyView {
    view! {
        <section>
            <h2>{set.name.clone()} " " <small class="dim">{t!(settings.rules_version, version = set.version)}</small></h2>
            <p lang="zh-CN">{set.title.clone()}</p>
            {(state().language.get() == Language::En).then(|| view! { <p lang="en" class="dim">{set.source.clone()}</p> })}
            <div class="scroll"><table class="dense">
                <thead><tr><th>{t!(delivery.finding)}</th><th>{t!(settings.rule)}</th><th>{t!(delivery.severity)}</th><th>{t!(item.limit)}</th></tr></thead>
                <tbody>{set.rules.iter().map(|rule| view! {
                    <tr><td>{i18n::worded(words::finding, &rule.code)} " " <code>{rule.code.clone()}</code></td>
                        <td class="wraps" lang="zh-CN">{rule.text.clone()}</td>
                        <td>{mark::mark(Status::of_severity(&rule.severity), i18n::worded(words::severity, &rule.severity))}</td>
                        <td class="digits">{rule.limit.as_deref().map_or_else(|| t!(settings.by_eye).to_string(), i18n::measured)}</td></tr>
                }).collect_view()}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}
