"""The storm itself: plan, schedule, requests, history."""
