//! *Administration › Phone book contacts*.

use domain::role::Role;

use crate::api::Site;

const PATH: &str = "/administration/contacts";

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_added_found_imported_and_removed() {
    let site = Site::open().await;
    let shop = site.signed_in(Role::CustomerAdmin, "Shop").await;
    assert!(shop.get(PATH).await.text.contains("No contacts yet"));
    shop.led(PATH, &[("name", "Front <desk>"), ("number", "+49 30 1234")]).await;
    assert_eq!(shop.upload(&format!("{PATH}/import"), &[], b"name,number\nRescue,110\nYard,220\n").await.status, 303);
    let page = shop.get(&format!("{PATH}?q=front")).await.text;
    assert!(page.contains("Front &lt;desk&gt;") && page.contains("+49301234") && !page.contains("Yard"), "{page}");
    for (name, number) in [("", "1"), ("x", ""), ("x", "abc"), (&"x".repeat(300), "1")] {
        assert_eq!(shop.post(PATH, &[("name", name), ("number", number)]).await.status, 422, "{name:?} {number:?}");
    }
    let refused = shop.upload(&format!("{PATH}/import"), &[], b"name,number\nNew,1\nx,abc\n").await;
    assert!(refused.status == 422 && refused.text.contains("row 3") && !refused.text.contains("New"), "nothing by half: {refused:?}");
    assert_eq!(shop.get(&format!("{PATH}/remove?name=Yard&number=1")).await.status, 404);
    let question = shop.get(&format!("{PATH}/remove?name=Yard&number=220")).await;
    assert!(question.text.contains("Yard, 220"), "{question:?}");
    shop.led(&format!("{PATH}/remove"), &[("name", "Yard"), ("number", "220"), ("answer", "yes")]).await;
    assert!(!shop.get(PATH).await.text.contains("Yard"));
    let auditor = site.signed_in(Role::Auditor, "Shop").await;
    assert_eq!(auditor.post(PATH, &[("name", "x"), ("number", "1")]).await.status, 403);
    let office = site.signed_in(Role::CustomerAdmin, "Office").await;
    assert!(!office.get(PATH).await.text.contains("Rescue"));
}
