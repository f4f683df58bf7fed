# The seeds are scripts around packets of tests/golden/vici: a life of events, lists by themselves, refusals, and one made of
# moves alone. charon_seeds makes them again.
vtid_fuzz(charon_fuzz SEEDS charon_seed_events.bin charon_seed_lists.bin charon_seed_refusals.bin charon_seed_moves.bin
  DEPENDS vici)
target_sources(charon_fuzz PRIVATE ../support/scripted_charon.cc)
