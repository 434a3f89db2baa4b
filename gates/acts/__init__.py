"""Human acts: waivers, attestations, explanations, late reviews and loosenings, each signed by the people whose act it is."""
