package patterns

import (
	"fmt"
	"regexp"
)

// checkExamples mints every example and tries a regex on it.
func (p *Pattern) checkExamples() []string {
	var out []string
	for _, example := range p.Examples {
		for v := range p.Variants() {
			if text := p.checkExample(example, v); text != "" {
				out = append(out, fmt.Sprintf("example %q: %s", example, text))
			}
		}
	}
	for _, counter := range p.CounterExamples {
		if _, err := p.ExpandVariant(counter.Text, 0); err != nil {
			out = append(out, fmt.Sprintf("counter_example %q: %v", counter.Text, err))
		}
		if counter.Why == "" {
			out = append(out, fmt.Sprintf("counter_example %q: why is it none?", counter.Text))
		}
	}
	return out
}

func (p *Pattern) checkExample(example string, variant int) string {
	expanded, err := p.ExpandVariant(example, variant)
	if err != nil {
		return err.Error()
	}
	if expanded.Secret == "" {
		return "holds no ${secret}"
	}
	if p.Regex == nil {
		return ""
	}
	re, err := regexp.Compile(p.Regex.Source())
	if err != nil {
		return err.Error()
	}
	for _, match := range re.FindAllStringSubmatchIndex(expanded.Text, -1) {
		group := re.SubexpIndex(p.Regex.Secret)
		if p.Regex.Secret == "" {
			group = 0
		}
		if match[2*group] >= 0 && expanded.Text[match[2*group]:match[2*group+1]] == expanded.Secret {
			return ""
		}
	}
	return "the expression does not find the minted secret"
}
