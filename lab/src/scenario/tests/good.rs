#[test]
fn a() {
    println!("{:#?}", super::good(super::GOOD));
    println!("{}", super::good(super::GOOD).canonical_text());
    println!("{:#?}", super::problems(super::GOOD));
}
