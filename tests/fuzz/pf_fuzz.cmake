# pf_seed_listing.txt is what pfctl -vvsr of FreeBSD 15.1 printed of our anchor.
vtid_fuzz(pf_fuzz SEEDS pf_seed_listing.txt pf_seed_rules.txt pf_seed_labels.txt ../golden/filter/filter_enc.pf
          ../golden/filter/rule_gateways.pf DEPENDS pf_anchor)
