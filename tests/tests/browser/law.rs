//! The registrar gives a campaign its ground, the supervisor signs, the desk records who agreed, and comparing ends.

use anyhow::Result;
use api::Role;
use tests::{Browser, Scene};

use crate::look::Look;

#[test]
fn a_campaign_gets_its_ground_and_loses_it_for_good() -> Result<()> {
    let scene = Scene::open(8)?;
    let registrar = scene.registrar()?;
    registrar.done(scene.roster(&registrar, "roster.xlsx", scene.school.roster()?)?.id)?;
    let Some(browser) = Browser::open(&scene.appliance, "law")? else { return Ok(()) };
    let look = Look::open()?;
    let place = format!("/campaigns/{}/ground", scene.campaign);

    let page = browser.signed_in(&scene.appliance, "registrar")?;
    page.goto(&place)?;
    page.sees("还没有告知书")?;
    page.click("button", "发布告知书")?;
    for (field, text) in [
        ("处理者与联系方式", "教务处，0871-6500 0000"),
        ("处理目的", "核对毕业生图像与录取照片是否同一人"),
        ("处理方式", "在本校设备上比对，结果由人决定"),
        ("信息种类", "录取照片、采集照片及由其算出的人脸特征"),
        ("人脸信息保存期限", "比对后即删除；本批次结束时销毁密钥"),
        ("必要性及对个人的影响", "防止冒名；误判由人工复核纠正"),
        ("拒绝、撤回与改由人工核验的办法", "可随时拒绝或撤回，改由人工核验"),
    ] {
        page.fill(field, text)?;
    }
    page.shots("notice-form")?;
    page.click_in("dialog", "button", "发布告知书")?;
    page.sees("第 1 版")?;
    page.click("button", "提交影响评估")?;
    for (field, text) in [
        ("合法、正当、必要", "目的限于身份核对"),
        ("对个人的影响及措施是否有效", "存疑由两人分别复核"),
        ("泄露、篡改、丢失、滥用的风险", "特征不写入磁盘"),
        ("保护措施及其与风险是否相适应", "权限分离、全程留痕"),
    ] {
        page.fill(field, text)?;
    }
    page.click_in("dialog", "button", "提交影响评估")?;
    page.sees("未签署")?;
    page.sees("影响评估尚未签署")?;

    let supervisor = browser.signed_in(&scene.appliance, "supervisor")?;
    supervisor.goto(&place)?;
    supervisor.click("button", "签署影响评估")?;
    supervisor.fill("您的密码", scene.appliance.password())?;
    supervisor.click_in("dialog", "button", "签署影响评估")?;
    supervisor.sees("由 supervisor 于")?;

    page.reload()?;
    page.click("button", "开启人脸比对")?;
    page.sees("已开启人脸比对")?;
    page.click("button", "登记同意")?;
    let numbers = scene.school.numbers();
    page.fill("学号", &format!("{}\n没有这个学号", numbers.first().map_or("", String::as_str)))?;
    page.click_in("dialog", "button", "登记同意")?;
    page.sees("第 2 行：此人不在名册上")?;
    page.click_in("dialog", "button", "取消")?;
    page.sees("可以比对")?;
    look.at(&page, "the ground of a campaign")?;
    page.shots("ground")?;
    page.click("button", "撤回")?;
    page.sees("本人已撤回同意")?;

    page.click("button", "结束人脸比对")?;
    page.fill("批次名称", "2027届")?;
    page.shots("end-form")?;
    page.click_in("dialog", "button", "结束人脸比对")?;
    page.sees("仅为声明")?;
    page.shots("ended")?;
    look.at(&page, "a campaign that compares no more")?;
    let desk = scene.appliance.enter(Role::Admissions)?;
    let ground: api::law::Ground = desk.get(&place)?;
    anyhow::ensure!(ground.closed.is_some(), "it is closed");
    look.end()?;
    browser.finish()
}
