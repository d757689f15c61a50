package archtest

import "slices"

// module is the path that all rooms stand under.
const module = "github.com/keywright/keywright"

// room is one package and whom of ours its non-test files may import. The twin of the table in
// docs/architecture.md: change both in one commit.
type room struct {
	may []string // paths below the module; "dir/*" for each package below dir
	// forTests: only test files, and other rooms for tests, may import it.
	forTests bool
}

var (
	domain = []string{
		"patterns", "scanner", "scanner/*", "issuer", "issuer/*", "webhook", "webhook/githubapp", "webhook/steps",
		"internal/secret", "internal/checksum", "internal/packfile", "internal/jobs", "internal/incident", "internal/verify",
		"internal/respond", "internal/notify", "internal/flow", "internal/store", "internal/store/postgres",
		"internal/store/sqlite", "internal/dashboard",
	}
	// wiring rooms put the others together and decide nothing.
	wiring = append(slices.Clone(domain), "internal/queue", "internal/server", "internal/config")
	verb   = append(slices.Clone(wiring), "cmd/keywright/internal/cmdio")

	// ports are the packages whose ports a store implements, with the types that stand in them.
	ports = []string{
		"issuer", "issuer/audit", "issuer/lease", "internal/incident", "webhook", "webhook/steps", "internal/dashboard",
		"scanner", "patterns", "internal/jobs",
	}
)

// rooms is the table: every package of the module.
var rooms = map[string]room{
	"internal/secret":     {},
	"internal/checksum":   {},
	"internal/packfile":   {},
	"internal/jobs":       {},
	"internal/archtest":   {},
	"internal/ci":         {},
	"internal/bench":      {may: []string{"patterns", "scanner"}},
	"scanner/decode":      {},
	"scanner/memory":      {},
	"webhook/githubtest":  {forTests: true},
	"patterns":            {may: []string{"internal/checksum"}},
	"scanner":             {may: []string{"internal/secret", "internal/checksum", "patterns", "scanner/decode"}},
	"scanner/gitsource":   {may: []string{"scanner", "scanner/memory", "internal/secret", "internal/packfile"}},
	"scanner/dirsource":   {may: []string{"scanner", "scanner/decode", "internal/secret"}},
	"scanner/stdinsource": {may: []string{"scanner", "internal/secret"}},
	"scanner/report":      {may: []string{"scanner", "patterns", "internal/secret"}},
	"scanner/baseline":    {may: []string{"scanner", "patterns", "internal/secret"}},
	"scanner/receipt":     {may: []string{"scanner"}},
	"scanner/laws":        {may: []string{"scanner", "patterns", "internal/secret", "internal/checksum"}},
	"issuer":              {may: []string{"internal/secret", "internal/checksum", "internal/jobs"}},
	"issuer/lease":        {may: []string{"issuer", "internal/secret", "internal/jobs"}},
	"issuer/limit":        {may: []string{"issuer", "internal/secret", "internal/jobs"}},
	"issuer/audit":        {may: []string{"issuer", "internal/secret", "internal/jobs"}},
	"issuer/middleware":   {may: []string{"issuer", "issuer/limit", "internal/secret"}},
	"issuer/api":          {may: []string{"issuer", "issuer/*", "internal/secret", "internal/jobs"}},
	"internal/incident":   {may: []string{"scanner", "issuer", "patterns", "internal/checksum", "internal/jobs"}},
	"internal/verify":     {may: []string{"internal/incident", "scanner", "issuer", "patterns", "internal/secret"}},
	"internal/respond":    {may: []string{"internal/incident", "issuer", "patterns", "internal/secret", "internal/notify", "internal/jobs"}},
	"internal/notify":     {may: []string{"internal/secret", "internal/jobs"}},
	"internal/flow": {may: []string{
		"scanner", "scanner/baseline", "patterns", "internal/incident", "internal/verify", "internal/respond", "issuer",
		"internal/secret",
	}},
	"webhook":           {may: []string{"internal/jobs"}},
	"webhook/githubapp": {may: []string{"internal/secret", "internal/jobs"}},
	"webhook/steps": {may: []string{
		"webhook", "webhook/githubapp", "scanner", "scanner/gitsource", "patterns", "internal/incident", "internal/verify",
		"internal/respond", "internal/flow", "issuer", "internal/secret", "internal/jobs",
	}},
	"internal/store":                  {may: ports},
	"internal/store/sqlite":           {may: append(slices.Clone(ports), "internal/store")},
	"internal/store/postgres":         {may: append(slices.Clone(ports), "internal/store")},
	"internal/store/storetest":        {may: append(slices.Clone(ports), "internal/store", "internal/secret"), forTests: true},
	"internal/store/storetest/pgtest": {forTests: true},
	"internal/dashboard":              {may: []string{"internal/incident", "issuer"}},
	"internal/queue":                  {may: domain},
	"internal/server":                 {may: domain},
	"internal/config":                 {may: domain},

	"cmd/keywright":                {may: append(slices.Clone(verb), "cmd/keywright/*")},
	"cmd/keywright/internal/cmdio": {may: wiring},
	"cmd/keywright/initialize":     {may: verb},
	"cmd/keywright/scan":           {may: verb},
	"cmd/keywright/receipt":        {may: verb},
	"cmd/keywright/baseline":       {may: verb},
	"cmd/keywright/hook":           {may: verb},
	"cmd/keywright/key":            {may: verb},
	"cmd/keywright/family":         {may: verb},
	"cmd/keywright/incident":       {may: verb},
	"cmd/keywright/rules":          {may: verb},
	"cmd/keywright/audit":          {may: verb},
	"cmd/keywright/app":            {may: verb},
	"cmd/keywright/serve":          {may: verb},
	"cmd/keywright/demo":           {may: verb},
}

// strangers never meet, not in each other's tests either: the scanner must be usable by who issues nothing, and the
// issuer by who scans nothing.
var strangers = [2]string{"scanner", "issuer"}

// revealers are the only functions that may call secret.Text.Reveal; an entry that reveals nothing is an error too. "*" stands
// for every function of the package.
var revealers = map[string][]string{
	"internal/secret":    {"Text.Equal"},
	"scanner":            {"fingerprintMessage"},
	"issuer":             {"*"}, // parse, digest, the pepper itself
	"internal/verify":    {"*"}, // hands the text to the one verifier of its pattern
	"scanner/report":     {"*"}, // behind the option Reveal
	"cmd/keywright/key":  {"*"}, // issue: the one time a key is printed
	"cmd/keywright/demo": {"*"}, // leaks keys that it made, in a clone that it made
}

// linking says what a user of the package must never link, tests apart.
var linking = []struct {
	name   string
	of     []string // packages of ours, "dir/*" for all below
	never  []string // import path prefixes
	reason string
}{
	{
		name:   "who scans bytes links no SQL, no GitHub, no queue",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  append([]string{"github.com/google/go-github", "github.com/bradleyfalzon/", "github.com/riverqueue/"}, sqlDrivers...),
		reason: "docs/architecture.md: a library user who scans bytes pays for the scanner only",
	},
	{
		name: "who scans bytes links no git library; only the git source may",
		of: []string{
			"patterns", "scanner", "scanner/decode", "scanner/dirsource", "scanner/stdinsource", "scanner/report", "scanner/baseline",
			"scanner/laws",
		},
		never:  []string{"github.com/go-git/", module + "/scanner/gitsource"},
		reason: "docs/architecture.md: a library user who scans bytes pays for the scanner only",
	},
	{
		name:   "the scanner and its sources know no network",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  []string{"net/http"},
		reason: "the network is verify's and webhook's",
	},
	{
		name:   "the issuer links no scanner",
		of:     []string{"issuer", "issuer/*"},
		never:  []string{module + "/scanner", module + "/patterns"},
		reason: "strangers",
	},
	{
		name:   "the scanner links no issuer",
		of:     []string{"patterns", "scanner", "scanner/*"},
		never:  []string{module + "/issuer"},
		reason: "strangers",
	},
	{
		name:   "the issuer knows no SQL",
		of:     []string{"issuer", "issuer/*"},
		never:  sqlDrivers,
		reason: "a store stands behind issuer.Store",
	},
	{
		name:   "the issuer's core knows no HTTP",
		of:     []string{"issuer", "issuer/audit", "issuer/lease"},
		never:  []string{"net/http"},
		reason: "issuer/middleware and issuer/api are its doors",
	},
}

var sqlDrivers = []string{"database/sql", "modernc.org/", "github.com/jackc/", "github.com/pressly/goose"}
