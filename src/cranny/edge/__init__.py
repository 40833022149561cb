"""Floor 4, the bank's side: the controller, its journal, its boards, its uplink and the kiosk's API."""
