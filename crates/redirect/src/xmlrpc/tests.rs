//! Every spelling, and everything that is none.

use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn wrapped(value: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><methodResponse><params><param>{value}</param></params></methodResponse>").into_bytes()
}

fn read(value: &str) -> Value {
    answer(&wrapped(value)).unwrap().unwrap()
}

fn entry(address: &str) -> Entry {
    let mac = "000413000001".parse().unwrap();
    Entry { mac, serial: None, mac_id: None, target: Target::Address(Secret::from(address)) }
}

#[test]
fn a_request_holds_strings_and_lists_of_them() {
    let list = ["A=1".to_owned(), "B=<&".to_owned()];
    let body = request("redirect.do", &[Param::Text("https://example.com/?a&b"), Param::Texts(&list), Param::Nil]);
    assert_eq!(
        body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodCall><methodName>redirect.do</methodName><params>\
         <param><value><string>https://example.com/?a&amp;b</string></value></param>\
         <param><value><array><data><value><string>A=1</string></value><value><string>B=&lt;&amp;</string></value></data></array></value></param>\
         <param><value><nil/></value></param></params></methodCall>"
    );
}

#[test]
fn values_are_read_however_they_are_spelt() {
    for (spelt, expected) in [
        ("<value>Ok</value>", text("Ok")),
        ("<value><string>Ok</string></value>", text("Ok")),
        ("<value>\n  <string> Ok\n</string>\n</value>", text("Ok")),
        ("<value><string><![CDATA[https://example.com/?a&b]]></string></value>", text("https://example.com/?a&b")),
        ("<value><string>a<!-- no -->b</string></value>", text("ab")),
        ("<value/>", text("")),
        ("<value><string/></value>", text("")),
        ("<value><nil/></value>", Value::Nil),
        ("<value xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"><ex:nil/></value>", Value::Nil),
        ("<value xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"><ex:i8>7</ex:i8></value>", Value::Int(7)),
        ("<value><boolean>1</boolean></value>", Value::Bool(true)),
        ("<value><boolean> false </boolean></value>", Value::Bool(false)),
        ("<value><int>-3</int></value>", Value::Int(-3)),
        ("<value><dateTime.iso8601>19700101T00:00:01</dateTime.iso8601></value>", Value::At(Time::from_millis(1000))),
        ("<value><dateTime.iso8601>never</dateTime.iso8601></value>", text("never")),
        ("<value><array><data/></array></value>", Value::List(vec![])),
        (
            "<value><array> <data>\n<value><boolean>1</boolean></value> <value>Ok</value> </data></array></value>",
            Value::List(vec![Value::Bool(true), text("Ok")]),
        ),
        (
            "<value><struct> <member><name>url</name> <value>x</value></member></struct></value>",
            Value::Map(vec![("url".to_owned(), text("x"))]),
        ),
    ] {
        assert_eq!(read(spelt), expected, "{spelt}");
    }
}

#[test]
fn a_fault_is_no_value() {
    let body = "<methodResponse><fault><value><struct>\
                <member><name>faultCode</name><value><int>203</int></value></member>\
                <member><name>faultString</name><value>BCC342000001: You are not owner of the phone.</value></member>\
                </struct></value></fault></methodResponse>";
    let fault = answer(body.as_bytes()).unwrap().unwrap_err();
    assert_eq!(fault, Fault { code: 203, text: "BCC342000001: You are not owner of the phone.".to_owned() });
}

#[test]
fn what_is_no_answer_leaves_doubt() {
    let deep = format!("{}{}{}", "<value><array><data>".repeat(40), "<value/>", "</data></array></value>".repeat(40));
    for body in [
        b"".to_vec(),
        b"<html/>".to_vec(),
        b"{\"ok\":true}".to_vec(),
        b"<methodResponse><params><param><value><bool".to_vec(),
        b"<methodResponse/>".to_vec(),
        b"<methodResponse><fault/></methodResponse>".to_vec(),
        b"<!DOCTYPE a [<!ENTITY b \"c\">]><methodResponse><params><param><value>&b;</value></param></params></methodResponse>".to_vec(),
        b"\xff\xfe".to_vec(),
        wrapped("<value><boolean>perhaps</boolean></value>"),
        wrapped("<value><int>many</int></value>"),
        wrapped("<value><struct><member><name>a</name></member></struct></value>"),
        wrapped(&deep),
        "<methodResponse>".repeat(200_000).into_bytes(),
    ] {
        let failure = answer(&body).unwrap_err();
        assert!(failure.leaves_doubt(), "{failure}");
    }
}

#[test]
fn verdicts_are_told_from_everything_else() {
    let list = |values: &[Value]| Value::List(values.to_vec());
    for (value, yes, said) in [
        (Value::Bool(true), true, ""),
        (Value::Int(0), false, ""),
        (list(&[Value::Bool(true), text("Ok")]), true, "Ok"),
        (list(&[Value::Bool(false), text("Error:malformed_mac")]), false, "Error:malformed_mac"),
        (list(&[Value::Bool(true), Value::Nil, text("https://example.com/")]), true, "https://example.com/"),
    ] {
        let verdict = value.verdict().unwrap();
        assert_eq!((verdict.yes, verdict.text()), (yes, said));
    }
    for value in [Value::Nil, text("Ok"), Value::Int(2), list(&[]), list(&[text("000413000001")]), Value::Map(vec![])] {
        assert!(value.verdict().unwrap_err().leaves_doubt());
    }
}

#[test]
fn times_are_those_of_the_calendar() {
    for (said, seconds) in [
        ("19700101T00:00:00", 0),
        ("20000229T12:00:00", 951_825_600),
        ("20240301T00:00:00Z", 1_709_251_200),
        ("2026-11-29T19:31:37.25Z", 1_795_980_697),
        ("19691231T23:59:59", -1),
    ] {
        assert_eq!(time(said), Some(Time::from_millis(seconds * 1000)), "{said}");
    }
    for said in ["", "T", "20240101", "20241301T00:00:00", "20240101T24:00:00", "2024010aT00:00:00", "20240101T00:00:00+02:00"] {
        assert_eq!(time(said), None, "{said}");
    }
}

#[test]
fn a_refusal_does_not_repeat_the_address() {
    let entry = entry("https://phones.example.com:8443/cfg/g/s3cr3tt0ken/{MAC}.xml");
    for (said, kept) in [
        ("url_weird:https://phones.example.com:8443/cfg/g/s3cr3tt0ken/{MAC}.xml", "url_weird:…"),
        ("no 'https://a.example/b', sorry", "no '…', sorry"),
        ("path cfg/g/s3cr3tt0ken/ is odd", "path cfg/g/…/ is odd"),
        ("busy", "busy"),
    ] {
        assert_eq!(refused(said, &entry), Outcome::Refused { said: kept.to_owned() });
    }
}

#[test]
fn only_addresses_that_phones_can_ask_are_sent() {
    assert_eq!(address(&entry("https://phones.example.com:8443/cfg/g/t/{mac}")), Some("https://phones.example.com:8443/cfg/g/t/{mac}"));
    for bad in ["", "phones.example.com/cfg", "ftp://phones.example.com/", "https://a b/", "https://phones.example.com/\n"] {
        assert_eq!(address(&entry(bad)), None, "{bad:?}");
    }
    assert_eq!(address(&Entry { target: Target::Profile("7".to_owned()), ..entry("") }), None);
}
