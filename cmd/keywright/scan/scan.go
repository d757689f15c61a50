// Package scan is the verb that finds secrets.
//
// Knows: flags, which sources and rooms they ask for. Must not know: how any of them works.
package scan

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
	"github.com/keywright/keywright/scanner"
)

// Options are the flags and arguments of one scan, checked against each other.
type Options struct {
	Path string // "-" is stdin

	History bool
	Tree    bool
	Staged  bool
	Range   string
	Refs    []string
	// Branches asks which branches and tags lead to each finding.
	Branches bool

	Verify         string // "", issued, vendors, all
	Record         bool
	Revoke         bool
	Yes            bool
	MaxRevocations int
	DryRun         bool

	Format      string // text, jsonl, sarif
	Output      string
	Receipt     string // a file; empty: none
	Reveal      bool
	NoIgnore    bool
	Baseline    string
	Rules       []string
	MaxFileSize int64 // bytes; 0: the default cap, over which a file is a skip
	Limits      scanner.Limits
	Quiet       bool
	Cache       string // a folder; empty: the user's own
	NoCache     bool

	RespectGitignore bool
}

// Formats are the output formats.
var formats = []string{"text", "jsonl", "sarif", "csv"}

var verifiers = []string{"issued", "vendors", "all"}

// stores says whether the scan needs a store: a plain scan opens none.
func (o *Options) stores() bool { return o.Verify != "" || o.Record || o.Revoke }

// NewCmd makes the verb. The command parses and checks; run does the work.
func NewCmd(run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{}
	cmd := &cobra.Command{
		Use:   "scan [PATH|-]",
		Short: "Find secrets in files, commits and whole histories",
		Long: `Find secrets in files, commits and whole histories.

PATH that is a repository (bare, worktree, or a folder with .git) is scanned with its whole history: all
refs, stashes, notes, reflogs and unreachable objects, plus the index and the work tree. Any other PATH is
scanned as a tree of files. "-" is standard input. Nothing that a repository's configuration names is run.

Exit codes: 0 all that was asked was scanned and nothing found · 1 findings · 2 something could not be
scanned or done (2 wins over 1); each reason stands on stderr and in the output.

A second scan of a whole history reads what the first one did not find clean, and what is new. What is clean
is remembered for the same rules, program and limits only; a finding is looked for, and told, each time.

Secrets are masked in every format unless --reveal is given.`,
		Example: `  keywright scan                          this repository, whole history
  keywright scan --staged                 what the next commit would bring
  keywright scan --range main..HEAD       what a branch brought
  keywright scan ./dist --tree            files only
  git log -p | keywright scan -           a stream
  keywright scan --verify                 and say which of our own keys are live
  keywright scan --revoke --dry-run       what would be revoked
  keywright scan --revoke                 revoke every live key of ours that was found
  keywright scan --format sarif --output keywright.sarif
  keywright scan --receipt scan.receipt   and a signed proof of what was covered`,
		Args: cmdio.Args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Path = "."
			if len(args) == 1 {
				o.Path = args[0]
			}
			if err := o.check(); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *Options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.History, "history", false, "the whole history of a repository, without index and work tree")
	f.BoolVar(&o.Tree, "tree", false, "the files below PATH, without history")
	f.BoolVar(&o.Staged, "staged", false, "what is staged for the next commit")
	f.StringVar(&o.Range, "range", "", "what the commits of `A..B` brought")
	f.StringArrayVar(&o.Refs, "ref", nil, "only what this `ref` reaches (repeatable)")

	f.BoolVar(&o.Branches, "branches", false, "say which branches and tags lead to each finding")
	f.StringVar(&o.Verify, "verify", "", "ask whether found keys are live: `issued` (our own, no network), vendors, all")
	f.Lookup("verify").NoOptDefVal = "issued"
	f.BoolVar(&o.Record, "record", false, "record findings as incidents in the store")
	f.BoolVar(&o.Revoke, "revoke", false, "revoke the live keys of ours that were found (implies --verify)")
	f.BoolVar(&o.Yes, "yes", false, "with --revoke: also what lies above the cap")
	f.IntVar(&o.MaxRevocations, "max-revocations", 0, "with --revoke: the cap, `N` keys in one scan (default 25)")
	f.BoolVar(&o.DryRun, "dry-run", false, "with --revoke: print the plan, change nothing")

	f.StringVar(&o.Format, "format", "text", "output `format`: text, jsonl, sarif or csv")
	f.StringVarP(&o.Output, "output", "o", "", "write to `FILE` instead of standard output")
	f.StringVar(&o.Receipt, "receipt", "", "write to `FILE` what was covered, signed with the signing key (keywright receipt verify)")
	f.BoolVar(&o.Reveal, "reveal", false, "show secrets in clear")
	f.BoolVar(&o.NoIgnore, "no-ignore", false, "disregard ignore files, ignore comments and baselines")
	f.StringVar(&o.Baseline, "baseline", "", "do not report what this `FILE` lists (keywright baseline create)")
	f.StringArrayVar(&o.Rules, "rules", nil, "more patterns from this `PATH`, a file or a folder (repeatable)")
	f.Var((*byteSize)(&o.MaxFileSize), "max-file-size", "leave out files over this `SIZE` (10M, 512K); by default one over 64M is a skip, exit 2")
	f.IntVar(&o.Limits.MaxMatchesPerBlob, "max-matches", 0, "look into at most `N` matches in one file (default 10000)")
	f.IntVar(&o.Limits.MaxFindings, "max-findings", 0, "report at most `N` distinct secrets (default 100000)")
	f.IntVar(&o.Limits.MaxLocations, "max-locations", 0, "report at most `N` places of a finding, and count the others (default 1000)")
	f.IntVar(&o.Limits.Decode.MaxDepth, "max-decode-depth", 0, "undo at most `N` encodings inside each other (default 3)")
	f.Var((*byteSize)(&o.Limits.Decode.MaxBytes), "max-decode-bytes", "decode at most this `SIZE` out of one file (default 64M and four times the file)")
	f.IntVar(&o.Limits.Decode.MaxMembers, "max-archive-members", 0, "look into at most `N` members of the archives in one file (default 10000)")
	f.BoolVar(&o.RespectGitignore, "respect-gitignore", false, "leave out of the work tree what .gitignore files name; what git tracks is in the index")
	f.StringVar(&o.Cache, "cache", "", "remember in this `DIR` what is clean in a whole history, so that the next scan reads the rest only (default ~/.cache/keywright/scans)")
	f.BoolVar(&o.NoCache, "no-cache", false, "read everything, and remember nothing")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress, no notes")

	complete := func(flag string, words []string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	complete("format", formats)
	complete("verify", verifiers)
}

// check finds flags that do not fit together.
func (o *Options) check() error {
	var modes []string
	for flag, given := range map[string]bool{
		"--history": o.History, "--tree": o.Tree, "--staged": o.Staged, "--range": o.Range != "", "--ref": len(o.Refs) > 0,
	} {
		if given {
			modes = append(modes, flag)
		}
	}
	slices.Sort(modes)
	switch {
	case len(modes) > 1 && !slices.Equal(modes, []string{"--history", "--tree"}):
		return cmdio.Usagef("%s do not go together: give one of them", strings.Join(modes, " and "))
	case o.Path == "-" && len(modes) > 0:
		return cmdio.Usagef("%s has no meaning for standard input", modes[0])
	case o.Cache != "" && (o.NoCache || o.Path == "-" || len(modes) > 0 && !o.History):
		return cmdio.Usagef("--cache goes with a whole history: without --no-cache, --staged, --range, --ref, --tree and standard input")
	case min(o.Limits.MaxMatchesPerBlob, o.Limits.MaxFindings, o.Limits.MaxLocations, o.Limits.Decode.MaxDepth, o.Limits.Decode.MaxMembers) < 0:
		return cmdio.Usagef("a limit must be above 0")
	case o.Branches && (o.Staged || o.Path == "-" || o.Tree && !o.History):
		return cmdio.Usagef("--branches is asked of a history: without --staged, --tree and standard input")
	case o.Range != "" && !hasBothEnds(o.Range):
		return cmdio.Usagef("--range %q is not of the form A..B: both ends must be there", o.Range)
	case !slices.Contains(formats, o.Format):
		return cmdio.Usagef("--format %q is none of %s", o.Format, strings.Join(formats, ", "))
	case o.Verify != "" && !slices.Contains(verifiers, o.Verify):
		return cmdio.Usagef("--verify=%s is none of %s (write --verify=issued, with the equals sign)", o.Verify, strings.Join(verifiers, ", "))
	case o.DryRun && !o.Revoke:
		return cmdio.Usagef("--dry-run goes with --revoke")
	case (o.Yes || o.MaxRevocations != 0) && !o.Revoke:
		return cmdio.Usagef("--yes and --max-revocations go with --revoke")
	case o.MaxRevocations < 0:
		return cmdio.Usagef("--max-revocations must be above 0")
	}
	if o.Revoke && o.Verify == "" {
		o.Verify = "issued"
	}
	if o.Revoke && o.Verify == "vendors" {
		return cmdio.Usagef("--revoke needs our own keys to be asked about: --verify=issued or --verify=all")
	}
	return nil
}

// hasBothEnds: an empty end is a variable that was not set, and git would take it for HEAD: a range of nothing.
func hasBothEnds(expression string) bool {
	from, to, found := strings.Cut(expression, "..")
	return found && from != "" && strings.TrimPrefix(to, ".") != ""
}

// byteSize is a flag in bytes with an optional K, M or G (powers of 1024).
type byteSize int64

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteSize) Type() string { return "size" }

func (b *byteSize) Set(s string) error {
	shift := map[string]uint{"K": 10, "M": 20, "G": 30}
	number, bits := strings.ToUpper(strings.TrimSuffix(strings.ToUpper(s), "B")), uint(0)
	if n := len(number); n > 0 {
		if unit, ok := shift[number[n-1:]]; ok {
			number, bits = number[:n-1], unit
		}
	}
	value, err := strconv.ParseInt(number, 10, 64)
	if err != nil || value <= 0 || value > 1<<62>>bits {
		return fmt.Errorf("%q is no size: write 10M, 512K or a number of bytes", s)
	}
	*b = byteSize(value << bits)
	return nil
}
