// ControlInput — a path where an application posts what a dialect publishes, in that dialect's
// words.
//
// Control knows the paths, who may post and how an answer leaves; what a body means, the one who
// makes the input says.

package import DialectKit
package import Engine

package struct ControlInput: Sendable {
    /// What a body comes to.
    package enum Reading: Sendable {
        /// To be published in this order. The answer is told how many receivers there were.
        case publications([Publication], answer: @Sendable (_ receiverCount: Int) -> Response)
        case refusal(Response)
    }

    /// Who may post.
    package enum Permission: Sendable {
        /// As for the API: its key, or a loopback listener.
        case api
        /// Who sends this token. Without one a loopback listener; on others there is no such path.
        case token(String?)
    }

    package let path: String
    package let permission: Permission
    /// Called on a core with the whole body, whatever it is.
    package let read: @Sendable (RawSpan) -> Reading

    package init(
        path: String, permission: Permission, read: @escaping @Sendable (RawSpan) -> Reading
    ) {
        self.path = path
        self.permission = permission
        self.read = read
    }
}
