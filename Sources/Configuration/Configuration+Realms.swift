// Realms — those that a file declares, or the one that is there without a file.
//
// The first run needs no configuration: while only this machine can connect, everybody may join one
// realm and do everything in it. As soon as others can, somebody has to say who may.

extension Configuration {
    /// The realms that are served: those declared, or else one.
    ///
    /// The one has the name that `server.realm` says (`realm1`), and a role `anonymous` that may do
    /// everything; sessions that do not authenticate have it as long as all listeners for clients
    /// are loopback. Otherwise nobody can join until a `[[realm]]` says who may.
    package var realms: [Realm] {
        guard declaredRealms.isEmpty else { return declaredRealms }
        var realm = Realm.open(named: server.realm)
        if !isLocal { realm.anonymousRole = nil }
        return [realm]
    }

    /// Whether only this machine can connect as a client.
    package var isLocal: Bool {
        server.listen.isLoopback && wamp.rawsocketListen.allSatisfy(\.isLocal)
    }

    /// What is allowed but hardly meant: sentences without a full stop, for the log and for
    /// `config check`.
    package var warnings: [String] {
        guard wamp.isServed else { return [] }
        if declaredRealms.isEmpty {
            guard !isLocal else { return [] }
            let place =
                server.listen.isLoopback
                ? wamp.rawsocketListen.first { !$0.isLocal }?.description : nil
            return [
                "nobody can join by WAMP: \(place ?? server.listen.description) is not loopback, "
                    + "and no [[realm]] says who may; declare one, with anonymous_role if "
                    + "everybody may"
            ]
        }
        var warnings = declaredRealms.filter { $0.anonymousRole == nil && $0.principals.isEmpty }
            .map {
                "nobody can join realm \(TOMLText.quoted($0.name)): it has neither an "
                    + "anonymous_role nor a principal"
            }
        let names = declaredRealms.map(\.name)
        if !names.contains(server.realm),
            let closest = Suggestion.closest(to: server.realm, among: names)
        {
            warnings.append(
                "server.realm is \(TOMLText.quoted(server.realm)), and no [[realm]] has that name; "
                    + "did you mean \(TOMLText.quoted(closest))?")
        }
        return warnings
    }
}

extension Configuration.Realm {
    /// A realm in which everybody may do everything.
    package static func open(named name: String) -> Self {
        var rule = Rule()
        rule.match = .prefix
        rule.allow = Rule.Action.allCases
        var role = Role()
        role.name = "anonymous"
        role.rules = [rule]
        var realm = Self()
        realm.name = name
        realm.anonymousRole = role.name
        realm.roles = [role]
        return realm
    }

    /// The default realm, and beside it one of everything else, for a file to begin with.
    internal static let example: Self = {
        var realm = open(named: Configuration.Server().realm)
        var user = Role()
        user.name = "user"
        user.rules = [Rule()]
        user.rules[0].uri = "com.example.shop."
        user.rules[0].match = .prefix
        user.rules[0].allow = [.call, .subscribe]
        realm.roles.append(user)
        realm.principals = Principal.Method.allCases.map(Principal.example)
        var history = History()
        history.uri = "com.example.shop."
        history.match = .prefix
        realm.histories = [history]
        return realm
    }()
}

extension Configuration.Realm.Principal {
    fileprivate static func example(_ method: Method) -> Self {
        var principal = Self()
        principal.role = "user"
        principal.method = method
        switch method {
        case .ticket:
            principal.authID = "carol"
            principal.secret = Secret("a ticket")
        case .wampcra:
            principal.authID = "peter"
            // Of the password "secret1".
            principal.secret = Secret("prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48=")
            principal.salt = "salt123"
            principal.iterations = 100
            principal.keyLength = standardKeyLength
        case .scram:
            principal.authID = "dora"
            principal.kdf = .argon2id
            principal.salt = "ABEiM0RVZneImaq7zN3u/w=="
            principal.iterations = 4
            principal.memory = 65_536
            principal.storedKey = Secret(String(repeating: "0", count: 64))
            principal.serverKey = Secret(String(repeating: "0", count: 64))
        case .cryptosign:
            principal.authID = "lamp-7"
            principal.publicKeys = [
                "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
            ]
        }
        return principal
    }
}
