firewall {
    ipv4 {
        name GUARD {
            default-action "drop"
        }
        forward {
            filter {
                rule 10 {
                    action "jump"
                    inbound-interface {
                        name "vti9"
                    }
                    jump-target "GUARD"
                }
            }
        }
    }
}
interfaces {
    ethernet eth0 {
        address "192.0.2.1/24"
        description "uplink"
    }
    vti vti1 {
        address "10.6.1.1/30"
        address "fd00:6::1/64"
        description "to hq"
        ip {
            adjust-mss "1360"
        }
        mtu "1420"
    }
    vti vti2 {
        address "10.6.2.1/24"
        disable
    }
    vti vti9 {
        address "10.6.9.1/30"
    }
}
nat {
    source {
        rule 10 {
            outbound-interface {
                name "vti1"
            }
            translation {
                address "masquerade"
            }
        }
    }
}
pki {
    ca example {
        certificate "MIIBvjCCAWWgAwIBAgIUG9lIuKVf7S7OER1xRax1KuKjb2wwCgYIKoZIzj0EAwIwNDELMAkGA1UEBhMCQ0gxEDAOBgNVBAoMB0V4YW1wbGUxEzARBgNVBAMMCkV4YW1wbGUgQ0EwIBcNMjYxMTI0MDg1NjUzWhgPMjEyNjEwMzEwODU2NTNaMDQxCzAJBgNVBAYTAkNIMRAwDgYDVQQKDAdFeGFtcGxlMRMwEQYDVQQDDApFeGFtcGxlIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElRtYyqr3FGgT8OPekDqirlTkuxNSGoHG09S7ckm4weNTvC3/9db7X5qGrQSnoUJgmIaAQfZpfCtL4tktuXVd2aNTMFEwHQYDVR0OBBYEFBf4fWCJKw+NB1EArFE/vlZCjtODMB8GA1UdIwQYMBaAFBf4fWCJKw+NB1EArFE/vlZCjtODMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgRcqdtl+sbN2xoGKGMLIn6zHqaVuS0447Fi5k5g/4TO0CIF4140/VYDRFihFP5Tv5Mk/qNLgajx28TdGB77UaaMPm"
    }
}
protocols {
    bgp {
        system-as "65001"
    }
    static {
        route 10.20.0.0/16 {
            next-hop 10.6.1.2 {
                distance "10"
            }
        }
        route 10.21.0.0/16 {
            interface vti1 {
            }
        }
        route 10.22.0.0/16 {
            interface vti9 {
            }
        }
        route 0.0.0.0/0 {
            next-hop 192.0.2.254 {
            }
        }
        route6 fd00:20::/32 {
            next-hop fd00:6::2 {
            }
        }
    }
}
vpn {
    ipsec {
        authentication {
            psk hq {
                id "192.0.2.1"
                id "hq.example.org"
                secret "the key of hq"
            }
            psk other {
                id "203.0.113.1"
                secret "for nobody"
            }
        }
        esp-group ESP {
            lifetime "3600"
            mode "tunnel"
            pfs "enable"
            proposal 1 {
                encryption "aes256gcm128"
                hash "sha256"
            }
            proposal 2 {
                encryption "aes128"
                hash "sha256"
            }
        }
        ike-group IKE {
            close-action "none"
            dead-peer-detection {
                action "restart"
                interval "15"
                timeout "60"
            }
            key-exchange "ikev2"
            lifetime "28800"
            proposal 1 {
                dh-group "19"
                encryption "aes256gcm128"
                hash "sha256"
            }
        }
        interface "eth0"
        options {
            disable-route-autoinstall
        }
        site-to-site {
            peer hq {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "hq.example.org"
                }
                connection-type "initiate"
                description "headquarters"
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.1"
                vti {
                    bind "vti1"
                    esp-group "ESP"
                }
            }
            peer off {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "hq.example.org"
                }
                disable
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.2"
                vti {
                    bind "vti2"
                    esp-group "ESP"
                }
            }
            peer guarded {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "hq.example.org"
                }
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.9"
                vti {
                    bind "vti9"
                    esp-group "ESP"
                }
            }
            peer networks {
                authentication {
                    local-id "192.0.2.1"
                    mode "pre-shared-secret"
                    remote-id "hq.example.org"
                }
                default-esp-group "ESP"
                force-udp-encapsulation
                ike-group "IKE"
                local-address "192.0.2.1"
                remote-address "198.51.100.3"
                tunnel 1 {
                    local {
                        prefix "10.1.0.0/24"
                    }
                    remote {
                        prefix "10.30.0.0/24"
                    }
                }
                tunnel 2 {
                    disable
                    local {
                        prefix "10.1.0.0/24"
                    }
                    remote {
                        prefix "10.31.0.0/24"
                    }
                }
            }
        }
    }
}

// Warning: Do not remove the following line.
// vyos-config-version: "firewall@17:ipsec@13"
