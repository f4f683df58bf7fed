vtid_fuzz(foreign_fuzz SEEDS ../golden/foreign/pfsense/site.xml ../golden/foreign/pfsense/assigned.xml ../golden/foreign/swanctl/linux.conf
          ../golden/foreign/swanctl/certificates.conf DEPENDS foreign)
