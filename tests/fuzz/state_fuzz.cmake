vtid_fuzz(state_fuzz SEEDS state_seed_units.json state_seed_role.json state_seed_charon.json state_seed_gateways.json DEPENDS daemon)
