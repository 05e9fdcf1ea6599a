"""The vendor's errors: conversion of HTTP replies into our errors, and explanations for people."""
