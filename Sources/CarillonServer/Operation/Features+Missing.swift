// What a kernel lacks, in words.

import Uring

extension Features {
    /// The names of what this kernel lacks, as settings and logs write them.
    var missing: String { Features.all.subtracting(self).description }
}
