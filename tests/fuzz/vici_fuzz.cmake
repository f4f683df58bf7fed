# The seeds are packets of tests/golden/vici as bytes: one session, the events of a tunnel's life, one packet by itself.
vtid_fuzz(vici_fuzz SEEDS vici_seed_session.bin vici_seed_events.bin vici_seed_packet.bin DEPENDS vici)
