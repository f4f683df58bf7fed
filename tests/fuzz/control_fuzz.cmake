vtid_fuzz(control_fuzz SEEDS control_seeds.jsonl DEPENDS control LIBRARIES vtid_json)
