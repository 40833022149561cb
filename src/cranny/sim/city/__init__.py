"""A city of shops, couriers and recipients around several banks. They know what people know: the kiosk's screen, the
public API, and the messages in their mailboxes. What they do, where the figures come from and what is assumed stands in
docs/city.md."""
